#include "migrate/ledger.hpp"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <random>

namespace crossfade::migrate {
namespace {

class LedgerTest : public testing::Test {
protected:
    void SetUp() override {
        std::string pattern = (std::filesystem::temp_directory_path() / "ledger-XXXXXX").string();
        ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
        folder = pattern;
    }
    void TearDown() override { std::filesystem::remove_all(folder); }

    Ledger open() {
        auto ledger = Ledger::open(folder);
        EXPECT_TRUE(ledger) << ledger.error().message;
        return std::move(*ledger);
    }
    static LedgerTable table_of(int parts) {
        LedgerTable table;
        table.name = {"Ks", "t"};
        table.origin_id[0] = 1;
        table.target_id[15] = 2;
        table.begun_us = 11;
        table.origin_begun_ms = 12;
        table.target_begun_ms = 13;
        for (int i = 0; i < parts; ++i) {
            LedgerPart part;
            part.index = i;
            part.range = {i * 10, i * 10 + 10};
            table.parts.push_back(part);
        }
        table.parts.front().range.start = cql::smallest_token;
        table.parts.back().range.end = cql::largest_token;
        return table;
    }
    std::string folder;
};

TEST_F(LedgerTest, AnInterruptedRunGoesOnWithWhatItHad) {
    PartCounts counts;
    counts.origin_rows = 100;
    counts.bytes = std::uint64_t{1} << 40;
    counts.report_bytes = 7;
    counts.with_extra_cell = 3;
    {
        Ledger ledger = open();
        const auto run = ledger.begin_run("migrate", "ks.t ", "A", "B", 1000, false);
        ASSERT_TRUE(run);
        EXPECT_FALSE(run->is_resumed);
        auto table = ledger.begin_table(*run, table_of(3));
        ASSERT_TRUE(table);
        table->parts[1].counts = counts;
        ASSERT_TRUE(ledger.finish_part(*table, table->parts[1]));
    }
    Ledger ledger = open();
    const auto run = ledger.begin_run("migrate", "ks.t ", "A", "B", 2000, false);
    ASSERT_TRUE(run);
    EXPECT_TRUE(run->is_resumed);
    EXPECT_EQ(run->begun_us, 1000);
    const auto table = ledger.find_table(*run, {"Ks", "t"});
    ASSERT_TRUE(table);
    const LedgerTable expected = table_of(3);
    EXPECT_EQ(table->origin_id, expected.origin_id);
    EXPECT_EQ(table->target_id, expected.target_id);
    EXPECT_EQ(table->origin_begun_ms, 12);
    EXPECT_EQ(table->target_begun_ms, 13);
    ASSERT_EQ(table->parts.size(), 3U);
    EXPECT_FALSE(table->parts[0].is_done);
    EXPECT_TRUE(table->parts[1].is_done);
    EXPECT_EQ(table->parts[1].counts, counts);
    EXPECT_EQ(table->parts[0].range.start, cql::smallest_token);
    EXPECT_EQ(table->parts[2].range.end, cql::largest_token);
    EXPECT_FALSE(table->is_done);
}

TEST_F(LedgerTest, ARunThatEndedIsNeverContinued) {
    Ledger ledger = open();
    const auto first = ledger.begin_run("migrate", "ks.t ", "A", "B", 1000, false);
    auto table = ledger.begin_table(*first, table_of(2));
    ASSERT_TRUE(ledger.finish_table(*table));
    ASSERT_TRUE(ledger.end_run(*first, 1500, 0));
    const auto second = ledger.begin_run("migrate", "ks.t ", "A", "B", 2000, false);
    EXPECT_FALSE(second->is_resumed);
    EXPECT_EQ(ledger.find_table(*second, {"Ks", "t"})->id, 0);
}

TEST_F(LedgerTest, OtherCommandsTablesAndClustersHaveRunsOfTheirOwn) {
    Ledger ledger = open();
    const auto run = ledger.begin_run("migrate", "ks.t ", "A", "B", 1000, false);
    ASSERT_TRUE(run);
    EXPECT_FALSE(ledger.begin_run("validate", "ks.t ", "A", "B", 1000, false)->is_resumed);
    EXPECT_FALSE(ledger.begin_run("migrate", "ks.other ", "A", "B", 1000, false)->is_resumed);
    EXPECT_FALSE(ledger.begin_run("migrate", "ks.t ", "A", "C", 1000, false)->is_resumed);
    EXPECT_TRUE(ledger.begin_run("migrate", "ks.t ", "A", "B", 1000, false)->is_resumed);
    EXPECT_FALSE(ledger.begin_run("migrate", "ks.t ", "A", "B", 3000, true)->is_resumed) << "--restart";
    EXPECT_EQ(ledger.begin_run("migrate", "ks.t ", "A", "B", 4000, false)->begun_us, 3000)
        << "and the new one is the one to go on with";
}

TEST_F(LedgerTest, ATableThatIsBegunAgainHasNothingDone) {
    Ledger ledger = open();
    const auto run = ledger.begin_run("migrate", "ks.t ", "A", "B", 1000, false);
    auto table = ledger.begin_table(*run, table_of(3));
    ASSERT_TRUE(ledger.finish_part(*table, table->parts[0]));
    auto again = ledger.begin_table(*run, table_of(5));
    ASSERT_TRUE(again);
    const auto found = ledger.find_table(*run, {"Ks", "t"});
    ASSERT_EQ(found->parts.size(), 5U);
    for (const LedgerPart& part : found->parts) EXPECT_FALSE(part.is_done);
    ASSERT_TRUE(ledger.forget_table(*again));
    EXPECT_EQ(ledger.find_table(*run, {"Ks", "t"})->id, 0);
}

// A process that is killed with -9 has lost nothing that it had been told was recorded, and the file is whole.
TEST_F(LedgerTest, KilledAtAnyMoment) {
    std::mt19937 chance(17);
    constexpr int part_count = 200;
    for (int round = 0; round < 15; ++round) {
        int pipes[2];
        ASSERT_EQ(::pipe(pipes), 0);
        const pid_t child = ::fork();
        ASSERT_GE(child, 0);
        if (child == 0) {
            ::close(pipes[0]);
            auto ledger = Ledger::open(folder);
            const auto run = ledger->begin_run("migrate", "ks.t ", "A", "B", 1, false);
            auto table = ledger->find_table(*run, {"Ks", "t"});
            if (table->id == 0) table = ledger->begin_table(*run, table_of(part_count));
            for (LedgerPart& part : table->parts) {
                if (part.is_done) continue;
                part.counts.origin_rows = static_cast<std::uint64_t>(part.index) + 1;
                if (!ledger->finish_part(*table, part)) ::_exit(1);
                const auto index = static_cast<std::uint8_t>(part.index);
                if (::write(pipes[1], &index, 1) != 1) ::_exit(1);
            }
            ::_exit(0);
        }
        ::close(pipes[1]);
        std::vector<std::uint8_t> recorded;
        std::uint8_t index = 0;
        const std::size_t enough = chance() % 12;
        while (recorded.size() < enough && ::read(pipes[0], &index, 1) == 1) recorded.push_back(index);
        ::kill(child, SIGKILL);
        while (::read(pipes[0], &index, 1) == 1) recorded.push_back(index);
        ::close(pipes[0]);
        ::waitpid(child, nullptr, 0);

        Ledger ledger = open();
        const auto run = ledger.begin_run("migrate", "ks.t ", "A", "B", 1, false);
        const auto table = ledger.find_table(*run, {"Ks", "t"});
        ASSERT_TRUE(table);
        if (table->id == 0) {
            EXPECT_TRUE(recorded.empty());
            continue;
        }
        ASSERT_EQ(table->parts.size(), static_cast<std::size_t>(part_count))
            << "all parts of a table are begun together";
        for (const std::uint8_t one : recorded) {
            EXPECT_TRUE(table->parts[one].is_done);
            EXPECT_EQ(table->parts[one].counts.origin_rows, one + 1U);
        }
    }
}

TEST_F(LedgerTest, AFolderThatCannotBeWrittenIsNamed) {
    const std::string file = folder + "/file";
    std::ofstream(file) << "x";
    const auto ledger = Ledger::open(file + "/below");
    ASSERT_FALSE(ledger);
    EXPECT_EQ(ledger.error().kind, base::ErrorKind::bad_configuration);
    EXPECT_NE(ledger.error().message.find(file), std::string::npos);
    std::ofstream(folder + "/ledger.sqlite")
        << "this is no database, but a text that is long enough to be taken for one";
    const auto damaged = Ledger::open(folder);
    ASSERT_FALSE(damaged);
    EXPECT_NE(damaged.error().message.find("ledger.sqlite"), std::string::npos);
}

TEST_F(LedgerTest, ALockIsHeldByOne) {
    auto first = FolderLock::take(folder + "/lock");
    ASSERT_TRUE(first);
    const pid_t child = ::fork();
    if (child == 0) ::_exit(FolderLock::take(folder + "/lock") ? 1 : 0);
    int status = -1;
    ::waitpid(child, &status, 0);
    EXPECT_EQ(status, 0);
    { const FolderLock gone = std::move(*first); }
    EXPECT_TRUE(FolderLock::take(folder + "/lock"));
}

}  // namespace
}  // namespace crossfade::migrate
