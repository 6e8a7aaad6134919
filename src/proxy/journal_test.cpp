#include "proxy/journal.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <future>
#include <thread>

#include "base/clock.hpp"
#include "cql/request.hpp"
#include "proxy/journal_store.hpp"
#include "proxy/journal_test_entries.hpp"
#include "proxy/verdict.hpp"

namespace crossfade::proxy {
namespace {

using testing::HasSubstr;

std::vector<std::uint64_t> ids(const std::vector<JournalEntry>& entries) {
    std::vector<std::uint64_t> result;
    for (const JournalEntry& entry : entries) result.push_back(entry.id);
    return result;
}

class JournalTest : public testing::Test {
protected:
    std::unique_ptr<Journal> open() {
        auto journal = Journal::open(options_);
        EXPECT_TRUE(journal) << (journal ? "" : journal.error().message);
        return journal ? std::move(*journal) : nullptr;
    }
    std::string refusal() {
        auto journal = Journal::open(options_);
        if (journal) return "it was opened";
        EXPECT_EQ(journal.error().kind, base::ErrorKind::bad_configuration);
        return journal.error().message;
    }
    std::string path() const { return options_.directory + "/journal.sqlite"; }

    TemporaryDirectory directory_;
    Journal::Options options_ = options_in(directory_.path());
};

TEST_F(JournalTest, AnEntryComesBackAsItWas) {
    JournalEntry entry;
    entry.time_us = 1'700'000'000'000'001;
    entry.kind = JournalEntry::Kind::compare;
    entry.state = JournalEntry::State::blocked;
    entry.sides = origin_side | target_side;
    entry.tables = {{"Ks", "a \"b\""}, {"ks", "c"}};
    entry.partition_key = {0, 1, 255};
    entry.cause = "target did not answer within 10 s";
    entry.note = "why";
    entry.opcode = cql::Opcode::batch;
    entry.version = cql::ProtocolVersion::dse_v2;
    entry.body = {0, 0, 7};
    entry.keyspace = "Ks";
    entry.prepared = {{"INSERT …", "ks"}, {std::string(70'000, 'x'), ""}};
    entry.timestamp = -5;

    std::uint64_t id = 0;
    {
        const auto journal = open();
        id = append_durably(*journal, entry);
        journal->close(true);
    }
    const auto journal = open();
    const auto entries = journal->list(0, 10);
    ASSERT_TRUE(entries);
    ASSERT_EQ(entries->size(), 1U);
    const JournalEntry& back = entries->front();
    EXPECT_EQ(back.id, id);
    EXPECT_EQ(back.time_us, entry.time_us);
    EXPECT_EQ(back.until_us, 0);
    EXPECT_EQ(back.kind, entry.kind);
    EXPECT_EQ(back.state, entry.state);
    EXPECT_EQ(back.sides, entry.sides);
    EXPECT_EQ(back.tables, entry.tables);
    EXPECT_EQ(back.partition_key, entry.partition_key);
    EXPECT_EQ(back.cause, entry.cause);
    EXPECT_EQ(back.note, entry.note);
    EXPECT_EQ(back.opcode, entry.opcode);
    EXPECT_EQ(back.version, entry.version);
    EXPECT_EQ(back.body, entry.body);
    EXPECT_EQ(back.keyspace, entry.keyspace);
    ASSERT_EQ(back.prepared.size(), 2U);
    EXPECT_EQ(back.prepared[0].text, entry.prepared[0].text);
    EXPECT_EQ(back.prepared[0].keyspace, "ks");
    EXPECT_EQ(back.prepared[1].text, entry.prepared[1].text);
    EXPECT_EQ(back.timestamp, entry.timestamp);
    EXPECT_EQ(journal->unrepaired(origin_side), 1U);
    EXPECT_EQ(journal->unrepaired(target_side), 1U);
}

TEST_F(JournalTest, NobodyElseMayReadItsFiles) {
    std::ofstream(path()).close();
    std::filesystem::permissions(path(), std::filesystem::perms(0644));
    const auto journal = open();
    append_durably(*journal, mutation("t"));
    int files = 0;
    for (const auto& file : std::filesystem::directory_iterator(directory_.path())) {
        EXPECT_EQ(static_cast<int>(file.status().permissions()), 0600) << file.path();
        ++files;
    }
    EXPECT_EQ(files, 4);  // the database, its log, its index and the lock
}

TEST_F(JournalTest, AWithdrawnEntryIsGoneForGood) {
    {
        const auto journal = open();
        const std::uint64_t first = append_durably(*journal, mutation("t"));
        const std::uint64_t second = append_durably(*journal, mutation("t"));
        EXPECT_LT(first, second);
        EXPECT_EQ(journal->entries(), 2U);
        journal->withdraw(first);
        journal->withdraw(first);
        journal->wait_until_written();
        EXPECT_EQ(journal->entries(), 1U);
        EXPECT_EQ(journal->unrepaired(target_side), 1U);
        EXPECT_THAT(ids(*journal->list(0, 10)), testing::ElementsAre(second));
    }
    EXPECT_EQ(open()->entries(), 1U);
}

TEST_F(JournalTest, AWithdrawalThatOvertakesItsAppendCancelsItOut) {
    const auto journal = open();
    // The callback of the first holds the journal's thread, so that the second is certainly still waiting when it is
    // withdrawn.
    std::promise<void> entered, release;
    journal->append(mutation("t"), [&](const base::Result<void>&) {
        entered.set_value();
        release.get_future().wait();
    });
    entered.get_future().wait();
    std::promise<bool> answered;
    const std::uint64_t id =
        journal->append(mutation("t"), [&](const base::Result<void>& done) { answered.set_value(done.has_value()); });
    EXPECT_EQ(journal->entries(), 2U);
    journal->withdraw(id);
    EXPECT_EQ(journal->entries(), 1U);
    release.set_value();
    EXPECT_TRUE(answered.get_future().get());
    journal->wait_until_written();
    EXPECT_EQ(journal->entries(), 1U);
    EXPECT_EQ(journal->list(0, 10)->size(), 1U);
    EXPECT_LT(journal->list(0, 10)->front().id, id);
}

TEST_F(JournalTest, IdsAreNotGivenAgainAfterTheirEntryLeft) {
    std::uint64_t id = 0;
    {
        const auto journal = open();
        id = append_durably(*journal, mutation("t"));
        journal->withdraw(id);
        journal->close(true);
    }
    EXPECT_GT(append_durably(*open(), mutation("t")), id);
}

TEST_F(JournalTest, ListGoesOnBehindAnId) {
    const auto journal = open();
    for (int i = 0; i < 5; ++i) append_durably(*journal, mutation("t"));
    const auto all = ids(*journal->list(0, 100));
    ASSERT_EQ(all.size(), 5U);
    EXPECT_EQ(ids(*journal->list(0, 2)), (std::vector{all[0], all[1]}));
    EXPECT_EQ(ids(*journal->list(all[1], 2)), (std::vector{all[2], all[3]}));
    EXPECT_TRUE(journal->list(all[4], 2)->empty());
}

TEST_F(JournalTest, ListsOfLargeEntriesAreShortButNeverEmpty) {
    const auto journal = open();
    std::vector<std::uint64_t> expected;
    for (int i = 0; i < 5; ++i) {
        JournalEntry large = mutation("t");
        large.body.resize(20U << 20U);
        expected.push_back(append_durably(*journal, large));
    }
    std::vector<std::uint64_t> seen;
    std::uint64_t after = 0;
    for (;;) {
        const auto some = ids(*journal->list(after, 100));
        if (some.empty()) break;
        EXPECT_LE(some.size(), 2U);
        seen.insert(seen.end(), some.begin(), some.end());
        after = some.back();
    }
    EXPECT_EQ(seen, expected);
}

TEST_F(JournalTest, SummaryCountsEachTableOfAnEntry) {
    const auto journal = open();
    JournalEntry both = mutation("a");
    both.tables.push_back({"ks", "B"});
    both.time_us = 50;
    append_durably(*journal, both);
    JournalEntry one = mutation("a");
    one.time_us = 40;
    one.sides = origin_side;
    const std::uint64_t id = append_durably(*journal, one);
    JournalEntry none = mutation("a");
    none.tables.clear();
    none.kind = JournalEntry::Kind::ddl;
    append_durably(*journal, none);
    journal->set_blocked(id, "table ks.a does not exist");
    journal->wait_until_written();

    const auto summaries = journal->summary();
    ASSERT_TRUE(summaries);
    ASSERT_EQ(summaries->size(), 3U);
    EXPECT_EQ((*summaries)[0].table, "(no table)");
    EXPECT_EQ((*summaries)[1].table, "ks.\"B\"");
    EXPECT_EQ((*summaries)[1].entries, 1U);
    EXPECT_EQ((*summaries)[1].sides, target_side);
    EXPECT_FALSE((*summaries)[1].is_blocked);
    EXPECT_EQ((*summaries)[2].table, "ks.a");
    EXPECT_EQ((*summaries)[2].entries, 2U);
    EXPECT_EQ((*summaries)[2].oldest_us, 40);
    EXPECT_EQ((*summaries)[2].sides, origin_side | target_side);
    EXPECT_TRUE((*summaries)[2].is_blocked);
    const auto blocked = journal->list(id - 1, 1);
    EXPECT_EQ(blocked->front().state, JournalEntry::State::blocked);
    EXPECT_EQ(blocked->front().note, "table ks.a does not exist");
    EXPECT_EQ(journal->entries(), 3U);
}

TEST_F(JournalTest, AfterItIsClosedEverythingGetsAnError) {
    const auto journal = open();
    journal->close(true);
    std::string message;
    journal->append(mutation("t"), [&](const base::Result<void>& done) { message = done ? "" : done.error().message; });
    EXPECT_THAT(message, HasSubstr("the proxy is ending"));
    journal->withdraw(1);
    journal->wait_until_written();
    EXPECT_EQ(journal->entries(), 0U);
}

TEST_F(JournalTest, RefusesWhatIsNotItsOwn) {
    open()->close(true);
    options_.target_cluster = "another";
    EXPECT_THAT(refusal(), AllOf(HasSubstr(path()), HasSubstr("'old' and target 'new'"), HasSubstr("another")));
    options_.target_cluster = "new";

    {
        const auto journal = open();
        EXPECT_THAT(refusal(), AllOf(HasSubstr(path()), HasSubstr("another process uses it")));
    }

    std::filesystem::resize_file(path(), 0);
    std::ofstream(path()) << std::string(100'000, 'x');
    EXPECT_THAT(refusal(), AllOf(HasSubstr(path()), HasSubstr("not a database")));

    options_.directory += "/missing";
    EXPECT_THAT(refusal(), AllOf(HasSubstr(path().substr(0, path().rfind('/'))), HasSubstr("No such file")));
}

TEST_F(JournalTest, RefusesADatabaseOfAnotherProgram) {
    std::ofstream(path()).close();
    {
        auto database = Database::open(path());
        ASSERT_TRUE(database);
        ASSERT_TRUE(database->run("CREATE TABLE something (x)"));
    }
    EXPECT_THAT(refusal(), AllOf(HasSubstr(path()), HasSubstr("no such table: information")));
}

// What an unclean stop leaves.

TEST_F(JournalTest, AfterAnUncleanStopTheTablesThatWereWrittenAreEntries) {
    const std::int64_t before = base::system_clock().wall_microseconds();
    {
        const auto journal = open();
        EXPECT_TRUE(mark_durably(*journal, {"ks", "a"}));
        EXPECT_TRUE(mark_durably(*journal, {"ks", "b"}));
        EXPECT_TRUE(mark_durably(*journal, {"ks", "a"}));
    }
    const std::int64_t after = base::system_clock().wall_microseconds();
    for (int i = 0; i < 2; ++i) {
        // The second time finds what the first one entered, once.
        const auto journal = open();
        const auto entries = journal->list(0, 10);
        ASSERT_EQ(entries->size(), 2U);
        for (const JournalEntry& entry : *entries) {
            EXPECT_EQ(entry.kind, JournalEntry::Kind::table);
            EXPECT_EQ(entry.sides, origin_side | target_side);
            EXPECT_LE(entry.time_us, before - 10'000'000);
            EXPECT_GE(entry.time_us, before - 60'000'000);
            EXPECT_GE(entry.until_us, after);
            EXPECT_EQ(entry.timestamp, 0);
        }
        EXPECT_EQ((*entries)[0].tables, (std::vector<cql::TableName>{{"ks", "a"}}));
        EXPECT_EQ((*entries)[1].tables, (std::vector<cql::TableName>{{"ks", "b"}}));
        EXPECT_EQ(journal->unrepaired(origin_side), 2U);
    }
}

TEST_F(JournalTest, ASecondUncleanStopWidensTheEntryUnderANewId) {
    { EXPECT_TRUE(mark_durably(*open(), {"ks", "a"})); }
    std::uint64_t first = 0;
    std::int64_t since = 0;
    {
        const auto journal = open();
        first = journal->list(0, 10)->front().id;
        since = journal->list(0, 10)->front().time_us;
        EXPECT_TRUE(mark_durably(*journal, {"ks", "a"}));
    }
    const auto journal = open();
    const auto entries = journal->list(0, 10);
    ASSERT_EQ(entries->size(), 1U);
    EXPECT_GT(entries->front().id, first);
    EXPECT_EQ(entries->front().time_us, since);
    // A repair that began with the first does not take this one away.
    journal->withdraw(first);
    journal->wait_until_written();
    EXPECT_EQ(journal->entries(), 1U);
}

TEST_F(JournalTest, ACleanStopLeavesNothing) {
    {
        const auto journal = open();
        EXPECT_TRUE(mark_durably(*journal, {"ks", "a"}));
        journal->close(true);
    }
    EXPECT_EQ(open()->entries(), 0U);
    {
        const auto journal = open();
        EXPECT_TRUE(mark_durably(*journal, {"ks", "a"}));
        journal->close(false);
    }
    EXPECT_EQ(open()->entries(), 1U);
}

TEST_F(JournalTest, WhileTablesAreWrittenTheSettledInstantMovesOn) {
    options_.heartbeat = std::chrono::milliseconds(1);
    const auto journal = open();
    EXPECT_TRUE(mark_durably(*journal, {"ks", "a"}));
    auto database = Database::open(path());
    ASSERT_TRUE(database);
    const auto settled = [&] {
        auto query = database->prepare("SELECT value FROM information WHERE key = 'settled_us'");
        EXPECT_TRUE(query && *query->step());
        return std::string(query->text(0));
    };
    const std::string first = settled();
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    while (settled() == first && std::chrono::steady_clock::now() < deadline) std::this_thread::yield();
    EXPECT_GT(std::stoll(settled()), std::stoll(first));
}

TEST_F(JournalTest, TheTimeOfAnUncleanStopBeginsOneRequestTimeoutBeforeTheLastSettledInstant) {
    std::ofstream(path()).close();
    {
        auto store = JournalStore::open(path(), options_, 1);
        ASSERT_TRUE(store);
        ASSERT_TRUE(store->begin());
        ASSERT_TRUE(store->mark_written({"ks", "a"}, 100'000'000));
        ASSERT_TRUE(store->set_settled(160'000'000));
        ASSERT_TRUE(store->commit());
    }
    options_.request_timeout = std::chrono::seconds(12);
    options_.heartbeat = std::chrono::seconds(3);
    {
        auto store = JournalStore::open(path(), options_, 200'000'000);
        ASSERT_TRUE(store);
    }
    const auto entries = open()->list(0, 10);
    ASSERT_EQ(entries->size(), 1U);
    EXPECT_EQ(entries->front().time_us, 145'000'000);
    EXPECT_EQ(entries->front().until_us, 200'000'000);
}

// Threads.

TEST_F(JournalTest, ManyThreadsAppendWithdrawAndRead) {
    const auto journal = open();
    constexpr int threads = 4, each = 500;
    std::atomic<int> durable{0};
    std::vector<std::vector<std::uint64_t>> kept(threads);
    std::vector<std::thread> workers;
    for (int t = 0; t < threads; ++t) {
        workers.emplace_back([&, t] {
            for (int i = 0; i < each; ++i) {
                const std::uint64_t id =
                    journal->append(mutation("t" + std::to_string(t)), [&](const base::Result<void>& done) {
                        if (done) durable.fetch_add(1);
                    });
                if (i % 3 == 0)
                    journal->withdraw(id);
                else
                    kept[static_cast<std::size_t>(t)].push_back(id);
                if (i % 100 == 0) {
                    EXPECT_TRUE(journal->summary());
                }
            }
        });
    }
    for (std::thread& worker : workers) worker.join();
    journal->wait_until_written();
    EXPECT_EQ(durable.load(), threads * each);
    std::vector<std::uint64_t> expected;
    for (const auto& some : kept) expected.insert(expected.end(), some.begin(), some.end());
    EXPECT_EQ(journal->entries(), expected.size());
    EXPECT_EQ(journal->unrepaired(target_side), expected.size());
    EXPECT_EQ(journal->unrepaired(origin_side), 0U);
    EXPECT_THAT(ids(*journal->list(0, 100'000)), testing::UnorderedElementsAreArray(expected));
}

TEST(JournalOwner, AClusterThatWasAwayIsRecordedOnceItIsKnown) {
    const TemporaryDirectory directory;
    Journal::Options options = options_in(directory.path());
    options.target_cluster.clear();
    ASSERT_TRUE(Journal::open(options));
    options.target_cluster = "new";
    ASSERT_TRUE(Journal::open(options));
    options.target_cluster = "stranger";
    const auto refused = Journal::open(options);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().kind, base::ErrorKind::bad_configuration);
    EXPECT_NE(refused.error().message.find("'new'"), std::string::npos) << refused.error().message;
    options.target_cluster.clear();
    EXPECT_TRUE(Journal::open(options)) << "away again";
}

// The largest size that any file of this process may grow to.
class FileSizeLimit {
public:
    explicit FileSizeLimit(std::uintmax_t bytes) {
        ::getrlimit(RLIMIT_FSIZE, &before_);
        ::signal(SIGXFSZ, SIG_IGN);
        const rlimit limit{static_cast<rlim_t>(bytes), before_.rlim_max};
        EXPECT_EQ(::setrlimit(RLIMIT_FSIZE, &limit), 0);
    }
    FileSizeLimit(const FileSizeLimit&) = delete;
    FileSizeLimit& operator=(const FileSizeLimit&) = delete;
    ~FileSizeLimit() { ::setrlimit(RLIMIT_FSIZE, &before_); }

private:
    rlimit before_{};
};

TEST_F(JournalTest, ALogThatCannotGrowMakesRoom) {
    const auto journal = open();
    std::vector<std::uint64_t> appended;
    for (int i = 0; i < 60; ++i) appended.push_back(append_durably(*journal, mutation("t")));
    const std::uintmax_t log_size = std::filesystem::file_size(path() + "-wal");
    ASSERT_GT(log_size, 2 * std::filesystem::file_size(path())) << "nothing to make room of";
    {
        const FileSizeLimit limit(log_size);
        appended.push_back(append_durably(*journal, mutation("t")));
        EXPECT_NE(appended.back(), 0U) << "it was not written";
        for (const std::uint64_t id : appended) journal->withdraw(id);
        journal->wait_until_written();
    }
    EXPECT_EQ(journal->entries(), 0U);
    const auto left = journal->list(0, 10);
    ASSERT_TRUE(left);
    EXPECT_TRUE(left->empty());
}

}  // namespace
}  // namespace crossfade::proxy
