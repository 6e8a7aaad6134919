// A repair against two real clusters, over each protocol version.
#include <gmock/gmock.h>

#include <chrono>
#include <thread>

#include "base/clock.hpp"
#include "proxy/integration/two_clusters.hpp"

namespace crossfade::proxy {
namespace {

using testing::HasSubstr;

constexpr std::uint8_t both_sides = origin_side | target_side;

class RepairOn : public TwoClusters {
protected:
    // With an id that does not tell when it was made: else a repair takes what is this young for older than its table,
    // and compares.
    static std::string of_unknown_age(const std::string& definition) {
        const bool has_options = definition.find(" WITH ") != std::string::npos;
        return definition + (has_options ? " AND" : " WITH") + " ID = 6ff1d3b6-6a4c-4a33-9d6f-0d9b2b7a61" +
               std::to_string(10 + definition.size() % 80);
    }
    void make(const std::string& definition) { on_both("CREATE TABLE " + ks_ + "." + of_unknown_age(definition)); }
    // All is repaired, and the journal empty.
    void expect_done(std::uint64_t done, const RepairStatus& status) {
        EXPECT_EQ(status.error, "");
        EXPECT_EQ(status.done, done);
        EXPECT_EQ(status.left, 0U);
        for (const auto& one : status.blocked) ADD_FAILURE() << one.table << ": " << one.note;
        EXPECT_TRUE(entries().empty());
    }
};

INSTANTIATE_TEST_SUITE_P(EachVersion, RepairOn,
                         testing::Values(cql::ProtocolVersion::v3, cql::ProtocolVersion::v4, cql::ProtocolVersion::v5),
                         [](const auto& one) { return "v" + std::string(cql::name_of(one.param)); });

TEST_P(RepairOn, MissedWritesArriveWithTheirOwnStamps) {
    make("t (k int, c int, v text, m map<text, int>, s text static, PRIMARY KEY (k, c))");
    const std::int64_t at = now_us();
    const std::vector<std::string> writes = {
        "INSERT INTO t (k, c, v, m, s) VALUES (1, 1, 'one', {'a': 1}, 'static')",
        "UPDATE t SET v = 'two', m['b'] = 2 WHERE k = 1 AND c = 2",
        "DELETE v FROM t WHERE k = 1 AND c = 1",
        "DELETE FROM t WHERE k = 7",
        "BEGIN UNLOGGED BATCH INSERT INTO t (k, c, v) VALUES (2, 1, 'x'); UPDATE t SET s = 'y' WHERE k = 2; APPLY "
        "BATCH",
    };
    on(target_cluster, "INSERT INTO " + ks_ + ".t (k, c, v) VALUES (7, 7, 'to be deleted')", at - 5);
    for (std::size_t i = 0; i < writes.size(); ++i) {
        std::string text = writes[i];
        for (std::size_t found = text.find(" t "); found != std::string::npos; found = text.find(" t ", found + 1))
            text.replace(found, 3, " " + ks_ + ".t ");
        on(origin_cluster, text, at + static_cast<std::int64_t>(i));
        add(entry_of("t", writes[i], at + static_cast<std::int64_t>(i)));
    }
    expect_done(writes.size(), repair());
    expect_equal("SELECT k, c, v, m, s, writetime(v), writetime(s) FROM " + ks_ + ".t", 3);
}

TEST_P(RepairOn, PreparedStatementsArePreparedWhereTheyAreMissing) {
    make("t (k int PRIMARY KEY, a int, b int)");
    const std::int64_t at = now_us();
    const auto number = [](std::int32_t value) {
        base::Bytes bytes(4);
        cql::store_int(bytes.data(), static_cast<std::uint32_t>(value));
        return bytes;
    };
    const base::Bytes id{9, 9}, one = number(1), two = number(2), three = number(3);
    const auto value = [](const base::Bytes& bytes) { return cql::ValueView{cql::ValueView::State::bytes, bytes}; };
    const auto executed = [&](const std::string& text, std::vector<cql::ValueView> values,
                              const std::string& keyspace) {
        JournalEntry entry = entry_of("t", "", at);
        entry.opcode = cql::Opcode::execute;
        cql::QueryOptions options;
        options.timestamp = at;
        options.values = std::move(values);
        base::Bytes frame;
        cql::append_execute(frame, entry.version, 1, id, id, options);
        entry.body.assign(frame.begin() + cql::frame_header_size, frame.end());
        entry.prepared = {{text, keyspace}};
        return entry;
    };
    add(executed("INSERT INTO t (k, a, b) VALUES (?, ?, ?)", {value(one), value(two), cql::ValueView{}}, ks_));
    if (GetParam() != cql::ProtocolVersion::v3) {
        on(target_cluster, "INSERT INTO " + ks_ + ".t (k, a) VALUES (2, 20)", at - 1);
        add(executed("INSERT INTO " + ks_ + ".t (k, a, b) VALUES (?, ?, ?)",
                     {value(two), cql::ValueView{cql::ValueView::State::unset, {}}, value(three)}, ""));
    } else {
        on(target_cluster, "INSERT INTO " + ks_ + ".t (k, a, b) VALUES (2, 20, 3)", at);
    }
    JournalEntry batch = entry_of("t", "", at);
    batch.opcode = cql::Opcode::batch;
    std::vector<cql::BatchItem> items(2);
    items[0].prepared_id = id;
    items[0].values = {value(two), value(three)};
    items[1].text = "UPDATE t SET a = ? WHERE k = 4";
    items[1].values = {value(one)};
    cql::QueryOptions options;
    options.timestamp = at;
    base::Bytes frame;
    cql::append_batch(frame, batch.version, 1, cql::BatchType::logged, items, options);
    batch.body.assign(frame.begin() + cql::frame_header_size, frame.end());
    batch.prepared = {{"UPDATE t SET a = ? WHERE k = ?", ks_}};
    add(batch);

    const RepairStatus status = repair();
    EXPECT_EQ(status.error, "");
    EXPECT_TRUE(entries().empty());
    EXPECT_EQ(rows(target_cluster, "SELECT k, a, b FROM " + ks_ + ".t"),
              (std::vector<std::string>{"1 | 2 | null", "2 | 20 | 3", "3 | 2 | null", "4 | 1 | null"}));
    EXPECT_EQ(rows(target_cluster, "SELECT writetime(a) FROM " + ks_ + ".t WHERE k = 4"),
              std::vector<std::string>{std::to_string(at)});
}

TEST_P(RepairOn, ValuesBoundByNameFindTheirPlaces) {
    make("t (k int PRIMARY KEY, a int)");
    JournalEntry entry = entry_of("t", "", now_us());
    base::Bytes body;
    cql::Writer out(body);
    out.long_string("INSERT INTO t (k, a) VALUES (:key, :number)");
    out.short_number(6);
    const std::uint32_t flags =
        cql::query_flag::values | cql::query_flag::names_for_values | cql::query_flag::default_timestamp;
    if (cql::has_wide_flags(GetParam()))
        out.int_number(static_cast<std::int32_t>(flags));
    else
        out.byte(static_cast<std::uint8_t>(flags));
    out.short_number(2);
    for (const auto& [name, number] : {std::pair<const char*, std::int32_t>{"number", 22}, {"key", 11}}) {
        out.string(name);
        out.int_number(4);
        out.int_number(number);
    }
    out.long_number(entry.timestamp);
    entry.body = body;
    add(entry);
    expect_done(1, repair());
    EXPECT_EQ(rows(target_cluster, "SELECT k, a FROM " + ks_ + ".t"), std::vector<std::string>{"11 | 22"});
}

TEST_P(RepairOn, WhatExpiresDoesSoAtItsFirstInstant) {
    make("t (k int PRIMARY KEY, v int)");
    make("d (k int PRIMARY KEY, v int) WITH default_time_to_live = 5000");
    const std::int64_t at = ago_us(100);
    struct Case {
        std::string table, text;
        std::int64_t first;
    };
    const std::vector<Case> cases = {{"t", "INSERT INTO t (k, v) VALUES (1, 1) USING TTL 1000", 1000},
                                     {"t", "UPDATE t USING TTL 2000 SET v = 1 WHERE k = 2", 2000},
                                     {"d", "INSERT INTO d (k, v) VALUES (1, 1)", 5000},
                                     {"d", "UPDATE d SET v = 1 WHERE k = 2", 5000},
                                     {"d", "INSERT INTO d (k, v) VALUES (3, 1) USING TTL 300", 300}};
    for (const Case& one : cases) add(entry_of(one.table, one.text, at));
    add(entry_of("d", "INSERT INTO d (k, v) VALUES (4, 1) USING TTL 0", at));
    expect_done(cases.size() + 1, repair());
    const std::int64_t age_s = (now_us() - at) / 1'000'000;
    const auto ttl_of = [&](const std::string& table, int key) {
        const auto found =
            rows(target_cluster, "SELECT ttl(v) FROM " + ks_ + "." + table + " WHERE k = " + std::to_string(key));
        return found.empty() ? std::string("no row") : found.front();
    };
    for (const auto& [table, key, first] :
         {std::tuple{"t", 1, 1000}, {"t", 2, 2000}, {"d", 1, 5000}, {"d", 2, 5000}, {"d", 3, 300}}) {
        const std::string text = ttl_of(table, key);
        ASSERT_NE(text, "null") << table << key;
        ASSERT_NE(text, "no row") << table << key;
        EXPECT_NEAR(std::stoi(text), first - age_s, 2) << table << " " << key;
    }
    EXPECT_EQ(ttl_of("d", 4), "null");
}

TEST_P(RepairOn, AnExpiredWriteStillHidesWhatIsOlder) {
    make("t (k int PRIMARY KEY, v int)");
    const std::int64_t at = ago_us(2);
    on(target_cluster, "INSERT INTO " + ks_ + ".t (k, v) VALUES (1, 99)", at - 10);
    add(entry_of("t", "INSERT INTO t (k, v) VALUES (1, 1) USING TTL 1", at));
    expect_done(1, repair());
    const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    const std::string select = "SELECT v FROM " + ks_ + ".t WHERE k = 1";
    // Before v5 the shortest time to live is a second.
    while (!rows(target_cluster, select).empty() && std::chrono::steady_clock::now() < until) {
    }
    EXPECT_EQ(rows(target_cluster, select), std::vector<std::string>());
}

TEST_P(RepairOn, AnEntryOfBothSidesGoesToBoth) {
    make("t (k int PRIMARY KEY, v int)");
    add(entry_of("t", "INSERT INTO t (k, v) VALUES (1, 1)", now_us(), both_sides));
    expect_done(1, repair());
    expect_equal("SELECT k, v, writetime(v) FROM " + ks_ + ".t", 1);
}

TEST_P(RepairOn, WhatIsNotRepeatableIsMadeEqualToThePrimary) {
    make("t (k int PRIMARY KEY, v int, l list<int>)");
    on_both("INSERT INTO " + ks_ + ".t (k, v, l) VALUES (1, 1, [1]) USING TIMESTAMP 1000");
    on_both("INSERT INTO " + ks_ + ".t (k, v, l) VALUES (2, 1, [1]) USING TIMESTAMP 1000");
    on(origin_cluster, "UPDATE " + ks_ + ".t SET v = 2 WHERE k = 1 IF v = 1");
    on(origin_cluster, "UPDATE " + ks_ + ".t SET l = l + [2] WHERE k = 2");
    on(target_cluster, "INSERT INTO " + ks_ + ".t (k, v) VALUES (3, 3) IF NOT EXISTS");
    JournalEntry conditional = entry_of("t", "UPDATE t SET v = 2 WHERE k = 1 IF v = 1", now_us());
    conditional.kind = JournalEntry::Kind::compare;
    add(conditional);
    JournalEntry append = entry_of("t", "UPDATE " + ks_ + ".t SET l = l + [2] WHERE k = 2", now_us());
    append.kind = JournalEntry::Kind::compare;
    append.partition_key = {0, 0, 0, 2};
    add(append);
    JournalEntry insert = entry_of("t", "INSERT INTO t (k, v) VALUES (3, 3) IF NOT EXISTS", now_us());
    insert.kind = JournalEntry::Kind::compare;
    add(insert);
    expect_done(3, repair());
    expect_equal("SELECT k, v, l FROM " + ks_ + ".t", 2);
    EXPECT_THAT(rows(target_cluster, "SELECT v, l FROM " + ks_ + ".t WHERE k = 2"), testing::ElementsAre("1 | [1, 2]"));
}

TEST_P(RepairOn, AWriteWithoutAStampIsComparedAndNeverBeatsANewerOne) {
    make("t (k int PRIMARY KEY, v int)");
    on_both("INSERT INTO " + ks_ + ".t (k, v) VALUES (1, 1)");
    on(origin_cluster, "INSERT INTO " + ks_ + ".t (k, v) VALUES (1, 2)");
    add(entry_of("t", "INSERT INTO t (k, v) VALUES (1, 2)", 0));
    on_both("INSERT INTO " + ks_ + ".t (k, v) VALUES (2, 5)");
    add(entry_of("t", "INSERT INTO t (k, v) VALUES (2, 4)", 0));
    expect_done(2, repair());
    EXPECT_EQ(rows(target_cluster, "SELECT k, v FROM " + ks_ + ".t"), (std::vector<std::string>{"1 | 2", "2 | 5"}));
    expect_equal("SELECT k, v FROM " + ks_ + ".t", 2);
}

TEST_P(RepairOn, WhatWasTruncatedSinceDoesNotComeBack) {
    make("t (k int PRIMARY KEY, v int)");
    const std::int64_t at = now_us();
    add(entry_of("t", "INSERT INTO t (k, v) VALUES (1, 1)", at));
    on(origin_cluster, "INSERT INTO " + ks_ + ".t (k, v) VALUES (1, 1)", at);
    on_both("TRUNCATE " + ks_ + ".t");
    expect_done(1, repair());
    expect_equal("SELECT k FROM " + ks_ + ".t", 0);
}

TEST_P(RepairOn, AnEntryPastGcGraceIsCompared) {
    make("t (k int PRIMARY KEY, v int) WITH gc_grace_seconds = 0");
    // Replayed, this would bring back what was deleted and forgotten.
    add(entry_of("t", "INSERT INTO t (k, v) VALUES (1, 1)", ago_us(1)));
    add(entry_of("t", "INSERT INTO t (k, v) VALUES (2, 2)", ago_us(1)));
    on(origin_cluster, "INSERT INTO " + ks_ + ".t (k, v) VALUES (2, 2)", 1'000);
    expect_done(2, repair());
    EXPECT_EQ(rows(target_cluster, "SELECT k FROM " + ks_ + ".t"), std::vector<std::string>{"2"});
}

TEST_P(RepairOn, AnEntryOfATableComparesAllOfIt) {
    make("t (k int, c int, v text, s int static, PRIMARY KEY (k, c))");
    const std::int64_t since = now_us();
    for (int k = 0; k < 40; ++k) {
        on_both("INSERT INTO " + ks_ + ".t (k, c, v, s) VALUES (" + std::to_string(k) +
                ", 1, 'same', 1) USING TIMESTAMP " + std::to_string(since));
        if (k % 4 == 0)
            on(origin_cluster,
               "INSERT INTO " + ks_ + ".t (k, c, v, s) VALUES (" + std::to_string(k) + ", 2, 'new', 2)");
        if (k % 4 == 1) on(origin_cluster, "DELETE FROM " + ks_ + ".t WHERE k = " + std::to_string(k));
    }
    JournalEntry entry = entry_of("t", "", since, both_sides);
    entry.kind = JournalEntry::Kind::table;
    entry.body.clear();
    entry.timestamp = 0;
    add(entry);
    expect_done(1, repair());
    expect_equal("SELECT k, c, v, s, writetime(v) FROM " + ks_ + ".t", 40);
}

// Phase 4, a table that was not copied in full, and a proxy that was killed.
TEST_P(RepairOn, AnUncleanStopTakesNoRowsThatWereNeverCopied) {
    make("t (k int PRIMARY KEY, v int, w int)");
    primary_ = target_cluster;
    const std::int64_t since = now_us();
    on(origin_cluster, "INSERT INTO " + ks_ + ".t (k, v, w) VALUES (1, 1, 1)", since - 60'000'000);
    on(origin_cluster, "INSERT INTO " + ks_ + ".t (k, v, w) VALUES (2, 1, 1)", since - 60'000'000);
    on_both("UPDATE " + ks_ + ".t USING TIMESTAMP " + std::to_string(since - 5'000'000) + " SET v = 2 WHERE k = 2");
    on(target_cluster, "INSERT INTO " + ks_ + ".t (k, v) VALUES (3, 3)", since + 1000);
    on(origin_cluster, "INSERT INTO " + ks_ + ".t (k, v) VALUES (4, 4)", since + 1000);
    JournalEntry entry = entry_of("t", "", since, both_sides);
    entry.kind = JournalEntry::Kind::table;
    entry.body.clear();
    entry.timestamp = 0;
    add(entry);
    const RepairStatus status = repair();
    ASSERT_EQ(status.blocked.size(), 1U);
    EXPECT_THAT(status.blocked[0].note,
                AllOf(HasSubstr("only the origin has"), HasSubstr("1 more row"), HasSubstr("--retry-blocked")));
    EXPECT_EQ(rows(origin_cluster, "SELECT k, v, w FROM " + ks_ + ".t"),
              (std::vector<std::string>{"1 | 1 | 1", "2 | 2 | 1", "3 | 3 | null"}));
    // Once they are copied, the entry leaves.
    for (const int k : {1, 2})
        on(target_cluster, "INSERT INTO " + ks_ + ".t (k, v, w) VALUES (" + std::to_string(k) + ", 1, 1)",
           since - 60'000'000);
    expect_done(1, repair(RepairRequest{true, false}));
    expect_equal("SELECT k, v, w, writetime(v), writetime(w) FROM " + ks_ + ".t", 3);
}

TEST_P(RepairOn, NothingIsDoneOnAnotherCluster) {
    make("t (k int PRIMARY KEY, v int)");
    add(entry_of("t", "INSERT INTO t (k, v) VALUES (1, 1)", now_us()));
    std::vector<std::string> asked;
    options_.check_cluster = [&asked](std::size_t side, const nodes::Topology& topology) -> base::Result<void> {
        asked.push_back(topology.cluster_name);
        if (side == target_cluster) return base::fail(base::ErrorKind::bad_configuration, "this is another cluster");
        return {};
    };
    const RepairStatus status = repair();
    EXPECT_THAT(status.error, HasSubstr("this is another cluster"));
    EXPECT_EQ(asked.size(), 2U);
    EXPECT_EQ(status.left, 1U);
    EXPECT_TRUE(rows(target_cluster, "SELECT k FROM " + ks_ + ".t").empty());
}

TEST_P(RepairOn, ACollapsedEntryLeavesWhatIsNotCopiedYet) {
    make("t (k int PRIMARY KEY, v int)");
    const std::int64_t since = now_us();
    on(origin_cluster, "INSERT INTO " + ks_ + ".t (k, v) VALUES (1, 1)", since - 1000);
    on(origin_cluster, "INSERT INTO " + ks_ + ".t (k, v) VALUES (2, 2)", since + 1000);
    on(target_cluster, "INSERT INTO " + ks_ + ".t (k, v) VALUES (3, 3)",
       since - 1000);  // deleted on the origin, and missed here
    JournalEntry entry = entry_of("t", "", since);
    entry.kind = JournalEntry::Kind::table;
    entry.body.clear();
    add(entry);
    expect_done(1, repair());
    EXPECT_EQ(rows(target_cluster, "SELECT k FROM " + ks_ + ".t"), std::vector<std::string>{"2"});
}

TEST_P(RepairOn, ARefusalForGoodIsBlockedUntilItIsAskedFor) {
    on(origin_cluster, "CREATE TABLE " + ks_ + "." + of_unknown_age("t (k int PRIMARY KEY)"));
    const std::uint64_t id = add(entry_of("t", "INSERT INTO t (k) VALUES (1)", now_us()));
    RepairStatus status = repair();
    EXPECT_EQ(status.done, 0U);
    ASSERT_EQ(status.blocked.size(), 1U);
    EXPECT_EQ(status.blocked[0].id, id);
    EXPECT_EQ(status.blocked[0].table, ks_ + ".t");
    EXPECT_THAT(status.blocked[0].note, AllOf(HasSubstr("target"), HasSubstr("INVALID"), HasSubstr("--retry-blocked")));
    EXPECT_EQ(entries().at(0).state, JournalEntry::State::blocked);
    EXPECT_EQ(entries().at(0).note, status.blocked[0].note);

    on(target_cluster, "CREATE TABLE " + ks_ + ".t (k int PRIMARY KEY)");
    status = repair();
    EXPECT_EQ(status.blocked.size(), 1U);
    EXPECT_EQ(rows(target_cluster, "SELECT k FROM " + ks_ + ".t").size(), 0U);

    RepairRequest request;
    request.retries_blocked = true;
    on(origin_cluster, "INSERT INTO " + ks_ + ".t (k) VALUES (1)");
    expect_done(1, repair(request));
    expect_equal("SELECT k FROM " + ks_ + ".t", 1);
}

TEST_P(RepairOn, AOneSidedSchemaChangeSaysWhatToType) {
    on(origin_cluster, "CREATE TABLE " + ks_ + ".t (k int PRIMARY KEY, v text)");
    JournalEntry entry = entry_of("t", "CREATE TABLE t (k int PRIMARY KEY, v text)", 0);
    entry.kind = JournalEntry::Kind::ddl;
    add(entry);
    const RepairStatus status = repair();
    ASSERT_EQ(status.blocked.size(), 1U);
    EXPECT_THAT(status.blocked[0].note,
                HasSubstr("type it on the target: USE " + ks_ + "; CREATE TABLE t (k int PRIMARY KEY, v text);"));
    EXPECT_EQ(
        rows(target_cluster, "SELECT table_name FROM system_schema.tables WHERE keyspace_name = '" + ks_ + "'").size(),
        0U);
    on(target_cluster, "CREATE TABLE " + ks_ + ".t (k int PRIMARY KEY, v text)");
    expect_done(1, repair());
}

TEST_P(RepairOn, AfterAOneSidedTruncateOnlyWhatIsOlderGoes) {
    make("t (k int PRIMARY KEY, v int)");
    const std::int64_t before = now_us();
    for (const int k : {1, 2, 3})
        on_both("INSERT INTO " + ks_ + ".t (k, v) VALUES (" + std::to_string(k) + ", 0) USING TIMESTAMP " +
                std::to_string(before));
    on(origin_cluster, "TRUNCATE " + ks_ + ".t");
    const std::int64_t after = now_us();
    JournalEntry entry = entry_of("t", "TRUNCATE t", 0);
    entry.kind = JournalEntry::Kind::truncate;
    entry.time_us = after;
    add(entry);
    on_both("INSERT INTO " + ks_ + ".t (k, v) VALUES (3, 3) USING TIMESTAMP " + std::to_string(after + 1));
    on_both("INSERT INTO " + ks_ + ".t (k, v) VALUES (4, 4) USING TIMESTAMP " + std::to_string(after + 2));
    expect_done(1, repair());
    expect_equal("SELECT k, v, writetime(v) FROM " + ks_ + ".t", 2);
}

TEST_P(RepairOn, ATruncateThatSomebodyRepeatedIsSettled) {
    make("t (k int PRIMARY KEY, v int)");
    on(target_cluster, "INSERT INTO " + ks_ + ".t (k, v) VALUES (1, 1)");
    JournalEntry entry = entry_of("t", "TRUNCATE t", 0);
    entry.kind = JournalEntry::Kind::truncate;
    add(entry);
    on_both("TRUNCATE " + ks_ + ".t");
    expect_done(1, repair());
}

TEST_P(RepairOn, CountersWaitForTheCommand) {
    make("t (k int PRIMARY KEY, n counter)");
    on(origin_cluster, "UPDATE " + ks_ + ".t SET n = n + 5 WHERE k = 1");
    on(target_cluster, "UPDATE " + ks_ + ".t SET n = n + 2 WHERE k = 1");
    JournalEntry entry = entry_of("t", "UPDATE t SET n = n + 3 WHERE k = 1", 0);
    entry.kind = JournalEntry::Kind::compare;
    add(entry);
    const RepairStatus status = repair();
    ASSERT_EQ(status.blocked.size(), 1U);
    EXPECT_THAT(status.blocked[0].note, HasSubstr("--counters"));
    EXPECT_EQ(rows(target_cluster, "SELECT n FROM " + ks_ + ".t"), std::vector<std::string>{"2"});
    RepairRequest request;
    request.includes_counters = true;
    expect_done(1, repair(request));
    expect_equal("SELECT k, n FROM " + ks_ + ".t", 1);
}

TEST_P(RepairOn, EntriesOfTablesThatAreGoneLeave) {
    add(entry_of("gone", "INSERT INTO gone (k) VALUES (1)", now_us()));
    expect_done(1, repair());
}

TEST_P(RepairOn, AnAwayClusterIsNamedAndNothingIsLost) {
    make("t (k int PRIMARY KEY)");
    add(entry_of("t", "INSERT INTO t (k) VALUES (1)", now_us()));
    options_.target.contact_points[0].port = 1;
    const RepairStatus status = repair();
    EXPECT_THAT(status.error, HasSubstr("target"));
    EXPECT_EQ(status.left, 1U);
    EXPECT_EQ(entries().size(), 1U);
    EXPECT_EQ(entries()[0].state, JournalEntry::State::pending);
}

TEST_P(RepairOn, ThousandsOfEntriesAreRepairedAtOnceAndAStopIsHeeded) {
    make("t (k int PRIMARY KEY, v int)");
    const std::int64_t at = now_us();
    for (int i = 0; i < 3000; ++i)
        journal_->append(entry_of("t", "INSERT INTO t (k, v) VALUES (" + std::to_string(i) + ", 1)", at),
                         [](const base::Result<void>&) {});
    journal_->wait_until_written();
    {
        Repair stopped(*journal_, options_);
        stopped.start();
        stopped.start();
        while (stopped.status().done == 0 && stopped.status().is_running) std::this_thread::yield();
    }
    journal_->wait_until_written();
    EXPECT_GT(journal_->entries(), 0U);
    EXPECT_LT(journal_->entries(), 3000U);
    const RepairStatus status = repair();
    EXPECT_EQ(status.error, "");
    EXPECT_EQ(journal_->entries(), 0U);
    EXPECT_EQ(rows(target_cluster, "SELECT count(*) FROM " + ks_ + ".t WHERE v = 1 ALLOW FILTERING"),
              std::vector<std::string>{"3000"});
}

}  // namespace
}  // namespace crossfade::proxy
