#include "migrate/parts_runner.hpp"

#include <gtest/gtest.h>

#include <map>

namespace crossfade::migrate {
namespace {

class PartsRunnerTest : public testing::Test {
protected:
    PartsRunnerTest() {
        for (int i = 0; i < 20; ++i) {
            LedgerPart part;
            part.index = i;
            part.range = {i, i + 1};
            parts.push_back(part);
        }
        work.pause_between_rounds = std::chrono::milliseconds(1);
        work.record = [this](const LedgerPart& part) -> base::Result<void> {
            recorded.push_back(part.index);
            return {};
        };
    }
    base::Result<PartsOutcome> run() {
        std::optional<base::Result<PartsOutcome>> outcome;
        loop.post([&] { finish(outcome).detach(); });
        loop.run();
        return std::move(*outcome);
    }
    base::Task<void> finish(std::optional<base::Result<PartsOutcome>>& outcome) {
        auto ran = co_await run_parts(loop, parts, std::move(work));
        outcome.emplace(std::move(ran));
        loop.stop();
    }
    static base::Task<base::Result<PartCounts>> answer(base::Result<PartCounts> result) { co_return result; }

    net::Loop loop;
    std::vector<LedgerPart> parts;
    PartsWork work;
    std::vector<std::int64_t> recorded;
    std::map<cql::Token, int> tried;
};

TEST_F(PartsRunnerTest, DoesWhatIsNotDone) {
    parts[3].is_done = true;
    work.work = [this](cql::TokenRange range) {
        ++tried[range.start];
        return answer(PartCounts());
    };
    const auto outcome = run();
    ASSERT_TRUE(outcome);
    EXPECT_TRUE(outcome->failures.empty());
    EXPECT_EQ(recorded.size(), 19U);
    EXPECT_EQ(tried.count(3), 0U);
}

TEST_F(PartsRunnerTest, TriesAFailedPartAgainWhenTheOthersAreThrough) {
    work.work = [this](cql::TokenRange range) {
        const int times = ++tried[range.start];
        if (range.start == 7 || (range.start == 9 && times == 1))
            return answer(base::fail(base::ErrorKind::timeout, "slow"));
        return answer(PartCounts());
    };
    const auto outcome = run();
    ASSERT_TRUE(outcome);
    ASSERT_EQ(outcome->failures.size(), 1U);
    EXPECT_EQ(outcome->failures[0].range.start, 7);
    EXPECT_EQ(outcome->failures[0].error.message, "slow");
    EXPECT_EQ(tried[7], 3);
    EXPECT_EQ(tried[9], 2);
    EXPECT_EQ(tried[1], 1);
    EXPECT_EQ(recorded.size(), 19U);
    EXPECT_FALSE(parts[7].is_done);
}

TEST_F(PartsRunnerTest, GivesUpWhenNothingWorks) {
    work.work = [this](cql::TokenRange range) {
        ++tried[range.start];
        return answer(base::fail(base::ErrorKind::server, "unconfigured table", 0x2200));
    };
    const auto outcome = run();
    ASSERT_TRUE(outcome);
    EXPECT_EQ(outcome->failures.size(), 20U);
    EXPECT_LE(tried.size(), 14U) << "the rest was not begun";
}

TEST_F(PartsRunnerTest, AStopLeavesTheRestForTheNextRun) {
    work.should_stop = [this] { return recorded.size() >= 5; };
    work.work = [](cql::TokenRange) { return answer(PartCounts()); };
    const auto outcome = run();
    ASSERT_TRUE(outcome);
    EXPECT_TRUE(outcome->is_interrupted);
    EXPECT_TRUE(outcome->failures.empty());
    EXPECT_EQ(recorded.size(), 5U);
}

TEST_F(PartsRunnerTest, WhatCannotBeRecordedEndsIt) {
    work.record = [](const LedgerPart&) -> base::Result<void> {
        return base::fail(base::ErrorKind::bad_configuration, "disk full");
    };
    work.work = [](cql::TokenRange) { return answer(PartCounts()); };
    const auto outcome = run();
    ASSERT_FALSE(outcome);
    EXPECT_EQ(outcome.error().message, "disk full");
}

}  // namespace
}  // namespace crossfade::migrate
