#include "cli/journal_repair.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <mutex>
#include <sstream>

#include "cli/journal_report.hpp"
#include "cli/repair_progress_line.hpp"

namespace crossfade::cli {
namespace {

using std::chrono::milliseconds;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

// A proxy whose repair answers what a test lines up, one answer a look; the last one stays.
struct ScriptedProxy {
    std::vector<std::string> looks;
    std::string summary = R"({"entries":0,"tables":[]})";
    bool refuses_start = false;
    std::size_t next = 0, starts = 0;
    std::string started_with;
};

std::string running(int done, int left) {
    return R"({"running":true,"done":)" + std::to_string(done) + R"(,"left":)" + std::to_string(left) +
           R"(,"blocked":[],"error":null})";
}
std::string ended(int done, int left, const std::string& blocked = "[]", const std::string& error = "null") {
    return R"({"running":false,"done":)" + std::to_string(done) + R"(,"left":)" + std::to_string(left) +
           R"(,"blocked":)" + blocked + R"(,"error":)" + error + "}";
}
const char* const unreachable = "";

class JournalRepairTest : public testing::Test {
protected:
    JournalRepairTest() {
        surroundings.wait = [this](milliseconds) { ++waits; };
        surroundings.is_interrupted = [this] { return waits >= interrupted_after; };
        surroundings.show_progress = [this](const RepairProgress& progress) { shown.push_back(progress); };
    }

    RepairResult run() {
        std::vector<AdminClient> clients;
        for (std::size_t i = 0; i < proxies.size(); ++i)
            clients.emplace_back(
                "http://p" + std::to_string(i),
                [this, i](const std::string& method, const std::string& url, const std::string&, milliseconds) {
                    return answer(proxies[i], method + " " + url.substr(url.find('/', 7)));
                },
                milliseconds(1000));
        RepairResult result = repair_journals(clients, surroundings);
        std::ostringstream out_stream, error_stream;
        print_repair(result, 100000000, out_stream, error_stream);
        out = out_stream.str();
        error = error_stream.str();
        return result;
    }

    base::Result<net::HttpResponse> answer(ScriptedProxy& proxy, const std::string& request) {
        const std::lock_guard lock(mutex);
        if (request.starts_with("POST /journal/repair")) {
            proxy.started_with = request;
            if (proxy.refuses_start)
                return net::HttpResponse{503, "application/json", R"({"reason":"the target cannot be reached"})"};
            ++proxy.starts;
            return net::HttpResponse{202, "application/json", R"({"ok":true})"};
        }
        std::string body = proxy.summary;
        if (request == "GET /journal/repair") {
            body = proxy.looks.at(proxy.next);
            if (proxy.next + 1 < proxy.looks.size()) ++proxy.next;
        }
        if (body == unreachable) return base::fail(base::ErrorKind::connection, "connection refused");
        return net::HttpResponse{200, "application/json", body};
    }

    std::mutex mutex;
    std::vector<ScriptedProxy> proxies{2};
    RepairSurroundings surroundings;
    std::vector<RepairProgress> shown;
    int waits = 0, interrupted_after = 1000000;
    std::string out, error;
};

TEST_F(JournalRepairTest, EndsWhenEveryJournalIsEmpty) {
    proxies[0].looks = {running(1, 9), running(6, 4), ended(10, 0)};
    proxies[1].looks = {ended(0, 0)};
    EXPECT_EQ(run().exit, exit_done);
    EXPECT_EQ(proxies[0].starts, 1U);
    EXPECT_EQ(proxies[1].starts, 1U);
    ASSERT_EQ(shown.size(), 3U);
    EXPECT_EQ(shown[1].done, 6U);
    EXPECT_EQ(shown[1].left, 4U);
    EXPECT_EQ(shown[0].running, 1U);
    EXPECT_EQ(shown[2].running, 0U);
    EXPECT_EQ(out, "All journals are empty.\n");
    EXPECT_EQ(error, "");
}

TEST_F(JournalRepairTest, WhatIsLeftIsPartialAndNamed) {
    proxies[0].looks = {ended(10, 2, R"([{"id":7,"table":"ks.t","note":"type this: ALTER TABLE ks.t ADD x int"}])")};
    proxies[0].summary =
        R"({"entries":2,"tables":[{"table":"ks.t","side":"target","entries":2,"oldest_us":10000000,"state":"blocked"}]})";
    proxies[1].looks = {ended(0, 0)};
    EXPECT_EQ(run().exit, exit_partial);
    EXPECT_EQ(error, "http://p0: entry 7 of ks.t is blocked: type this: ALTER TABLE ks.t ADD x int\n");
    EXPECT_EQ(out,
              "What is left:\n"
              "PROXY      TABLE  TO REPAIR  ENTRIES  OLDEST      STATE\n"
              "http://p0  ks.t   target     2        1 min 30 s  blocked\n");
}

TEST_F(JournalRepairTest, BlockedEntriesAndCountersAreAskedFor) {
    for (auto& proxy : proxies) proxy.looks = {ended(0, 0)};
    run();
    EXPECT_EQ(proxies[0].started_with, "POST /journal/repair");
    surroundings.retries_blocked = true;
    run();
    EXPECT_EQ(proxies[0].started_with, "POST /journal/repair?retry_blocked=1");
    surroundings.includes_counters = true;
    run();
    EXPECT_EQ(proxies[0].started_with, "POST /journal/repair?retry_blocked=1&counters=1");
    surroundings.retries_blocked = false;
    run();
    EXPECT_EQ(proxies[1].started_with, "POST /journal/repair?counters=1");
}

TEST_F(JournalRepairTest, AnEntryThatCameMeanwhileIsLeft) {
    proxies[0].looks = {ended(3, 0)};
    proxies[0].summary =
        R"({"entries":1,"tables":[{"table":"ks.t","side":"origin","entries":1,"oldest_us":99000000,"state":"pending"}]})";
    proxies[1].looks = {ended(0, 0)};
    EXPECT_EQ(run().exit, exit_partial);
    EXPECT_THAT(out, HasSubstr("ks.t   origin     1        1 s     pending"));
}

TEST_F(JournalRepairTest, ARepairThatEndedEarlySaysWhy) {
    proxies[0].looks = {ended(1, 5, "[]", R"("no node of the target answers")")};
    proxies[0].summary = R"({"entries":5,"tables":[]})";
    proxies[1].looks = {ended(0, 0)};
    EXPECT_EQ(run().exit, exit_partial);
    EXPECT_EQ(error, "http://p0: the repair ended before its end: no node of the target answers\n");
}

TEST_F(JournalRepairTest, OneThatCannotStartDoesNotKeepTheOthersFromIt) {
    proxies[0].refuses_start = true;
    proxies[1].looks = {running(0, 1), ended(1, 0)};
    const RepairResult result = run();
    EXPECT_EQ(result.exit, exit_partial);
    EXPECT_EQ(result.proxies[0].failure, "http://p0: the target cannot be reached");
    EXPECT_EQ(result.proxies[1].failure, "");
    EXPECT_EQ(result.proxies[1].last.done, 1U);
    EXPECT_EQ(error, "http://p0: the target cannot be reached\n");
}

TEST_F(JournalRepairTest, AShortSilenceIsWaitedFor) {
    proxies[0].looks = {running(1, 1), unreachable, unreachable, ended(2, 0)};
    proxies[1].looks = {ended(0, 0)};
    EXPECT_EQ(run().exit, exit_done);
}

TEST_F(JournalRepairTest, ALongSilenceIsNamed) {
    proxies[0].looks = {running(1, 1), unreachable};
    proxies[1].looks = {running(1, 1), running(1, 1), ended(2, 0)};
    const RepairResult result = run();
    EXPECT_EQ(result.exit, exit_partial);
    EXPECT_EQ(result.proxies[0].failure, "http://p0: connection refused");
    EXPECT_EQ(result.proxies[1].failure, "");
}

TEST_F(JournalRepairTest, AnUnknownRestIsNoEmptyJournal) {
    proxies[0].looks = {ended(1, 0)};
    proxies[0].summary = unreachable;
    proxies[1].looks = {ended(0, 0)};
    EXPECT_EQ(run().exit, exit_partial);
    EXPECT_EQ(error, "http://p0: connection refused\n");
}

TEST_F(JournalRepairTest, AnInterruptLeavesTheProxiesAtIt) {
    proxies[0].looks = {running(1, 99)};
    proxies[1].looks = {ended(0, 0)};
    proxies[0].summary = R"({"entries":99,"tables":[]})";
    interrupted_after = 3;
    EXPECT_EQ(run().exit, exit_interrupted);
    EXPECT_THAT(out, HasSubstr("The proxies go on with the repair; the same command follows it again."));
}

TEST_F(JournalRepairTest, JsonTellsWhatIsLeft) {
    proxies.resize(1);
    proxies[0].looks = {ended(10, 1, R"([{"id":7,"table":"ks.t","note":"n"}])")};
    proxies[0].summary =
        R"({"entries":1,"tables":[{"table":"ks.t","side":"target","entries":1,"oldest_us":5,"state":"blocked"}]})";
    std::ostringstream json;
    print_repair_json(run(), json);
    EXPECT_EQ(
        json.str(),
        R"({"empty":false,"proxies":[{"url":"http://p0","repaired":10,"entries":1,)"
        R"("tables":[{"table":"ks.t","side":"target","entries":1,"oldest_us":5,"state":"blocked"}],"blocked":[{"id":7,"table":"ks.t","note":"n"}]}]})"
        "\n");
}

class SetClock : public base::Clock {
public:
    std::chrono::steady_clock::time_point now() const override { return std::chrono::steady_clock::time_point(time); }
    std::int64_t wall_microseconds() const override { return 0; }
    milliseconds time{1000};
};

TEST(RepairProgressLine, IsPlainLinesNowAndThenWherePiped) {
    SetClock clock;
    std::ostringstream out;
    RepairProgressLine line(out, false, clock);
    line.show({0, 1000, 0, 1});
    clock.time += milliseconds(500);
    line.show({10, 990, 0, 1});  // too soon for another line
    clock.time += milliseconds(4500);
    line.show({100, 900, 2, 1});
    clock.time += milliseconds(500);
    line.show({998, 0, 2, 0});  // the end is always shown
    line.finish();
    EXPECT_EQ(out.str(),
              "0 repaired, 1,000 left\n"
              "100 repaired, 900 left, 2 blocked, about 45 s to go\n"
              "998 repaired, 0 left, 2 blocked\n");
}

TEST(RepairProgressLine, IsRewrittenOnATerminal) {
    SetClock clock;
    std::ostringstream out;
    RepairProgressLine line(out, true, clock);
    line.show({0, 1000, 0, 1});
    line.show({1000, 0, 0, 0});
    line.finish();
    EXPECT_EQ(out.str(), "\r0 repaired, 1,000 left\r1,000 repaired, 0 left\n");
}

TEST(RepairProgressLine, WhatIsShorterCoversWhatWasLonger) {
    SetClock clock;
    std::ostringstream out;
    RepairProgressLine line(out, true, clock);
    line.show({0, 1000, 0, 1});
    line.show({0, 1, 0, 1});
    EXPECT_EQ(out.str(), "\r0 repaired, 1,000 left\r0 repaired, 1 left    ");
}

}  // namespace
}  // namespace crossfade::cli
