#include "proxy/repair_replay.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "proxy/journal_test_entries.hpp"

namespace crossfade::proxy {
namespace {

using cql::ProtocolVersion;
using cql::ValueView;

ValueView bound(const base::Bytes& bytes) {
    return {ValueView::State::bytes, bytes};
}
const ValueView null_value{ValueView::State::null, {}};
const ValueView unset_value{ValueView::State::unset, {}};

base::Bytes int_bytes(std::int32_t number) {
    base::Bytes bytes(4);
    cql::store_int(bytes.data(), static_cast<std::uint32_t>(number));
    return bytes;
}

// What a value shows: its int, "null" or "unset".
std::string shown(const ValueView& value) {
    if (value.is_null()) return "null";
    if (value.is_unset()) return "unset";
    return value.bytes.size() == 4 ? std::to_string(static_cast<std::int32_t>(cql::load_int(value.bytes.data()))) : "?";
}
std::vector<std::string> shown(const std::vector<ValueView>& values) {
    std::vector<std::string> all;
    for (const ValueView& value : values) all.push_back(shown(value));
    return all;
}

base::Bytes body_of(const base::Bytes& frame) {
    return {frame.begin() + cql::frame_header_size, frame.end()};
}

class Replays : public testing::TestWithParam<ProtocolVersion> {};

INSTANTIATE_TEST_SUITE_P(EachVersion, Replays,
                         testing::Values(ProtocolVersion::v3, ProtocolVersion::v4, ProtocolVersion::v5,
                                         ProtocolVersion::dse_v1, ProtocolVersion::dse_v2),
                         [](const auto& one) { return std::string(cql::name_of(one.param)); });

TEST_P(Replays, AQueryIsReadInItsOwnVersion) {
    const base::Bytes one = int_bytes(1);
    cql::QueryOptions options;
    options.values = {bound(one), null_value};
    options.timestamp = 1234;
    options.consistency = cql::Consistency::each_quorum;
    options.now_in_seconds = 77;
    base::Bytes frame;
    cql::append_query(frame, GetParam(), 1, "UPDATE t SET v = ? WHERE k = ?", options);
    JournalEntry entry = mutation("t");
    entry.version = GetParam();
    entry.keyspace = "Ks";
    entry.body = body_of(frame);

    auto replay = read_replay(entry);
    ASSERT_TRUE(replay) << replay.error().message;
    EXPECT_FALSE(replay->is_batch);
    ASSERT_EQ(replay->statements.size(), 1U);
    EXPECT_TRUE(replay->statements[0].is_prepared);
    EXPECT_EQ(shown(replay->statements[0].values), (std::vector<std::string>{"1", "null"}));
    EXPECT_EQ(replay->timestamp, 1234);
    EXPECT_EQ(replay->consistency, cql::Consistency::each_quorum);
    EXPECT_EQ(replay->now_in_seconds.has_value(), GetParam() == ProtocolVersion::v5);
    EXPECT_TRUE(has_fixed_stamps(*replay));
    qualify_tables(*replay);
    EXPECT_EQ(replay->statements[0].text, "UPDATE \"Ks\".t SET v = ? WHERE k = ?");
}

TEST_P(Replays, AnExecuteGetsItsText) {
    const base::Bytes id{1, 2, 3}, one = int_bytes(1);
    cql::QueryOptions options;
    options.values = {bound(one)};
    base::Bytes frame;
    cql::append_execute(frame, GetParam(), 1, id, id, options);
    JournalEntry entry = mutation("t");
    entry.opcode = cql::Opcode::execute;
    entry.version = GetParam();
    entry.body = body_of(frame);
    entry.prepared = {{"INSERT INTO t (k) VALUES (?)", "ks"}};

    auto replay = read_replay(entry);
    ASSERT_TRUE(replay) << replay.error().message;
    EXPECT_EQ(replay->statements.at(0).keyspace, "ks");
    EXPECT_EQ(shown(replay->statements[0].values), std::vector<std::string>{"1"});
    EXPECT_FALSE(has_fixed_stamps(*replay));
    replay->statements[0].text += " USING TIMESTAMP 3";
    EXPECT_TRUE(has_fixed_stamps(*replay));

    entry.prepared.clear();
    EXPECT_FALSE(read_replay(entry));
}

TEST_P(Replays, ABatchKeepsItsChildrenInOrder) {
    const base::Bytes id{1, 2, 3}, one = int_bytes(1), two = int_bytes(2);
    std::vector<cql::BatchItem> items(3);
    items[0].text = "DELETE FROM a WHERE k = 1";
    items[1].prepared_id = id;
    items[1].values = {bound(one), bound(two)};
    items[2].prepared_id = id;
    items[2].values = {bound(two)};
    cql::QueryOptions options;
    options.timestamp = 9;
    base::Bytes frame;
    cql::append_batch(frame, GetParam(), 1, cql::BatchType::unlogged, items, options);
    JournalEntry entry = mutation("t");
    entry.opcode = cql::Opcode::batch;
    entry.version = GetParam();
    entry.body = body_of(frame);
    entry.prepared = {{"INSERT INTO b (k, v) VALUES (?, ?)", "ks"}, {"DELETE FROM c WHERE k = ?", "ks"}};

    const auto replay = read_replay(entry);
    ASSERT_TRUE(replay) << replay.error().message;
    EXPECT_TRUE(replay->is_batch);
    EXPECT_EQ(replay->batch_type, cql::BatchType::unlogged);
    ASSERT_EQ(replay->statements.size(), 3U);
    EXPECT_FALSE(replay->statements[0].is_prepared);
    EXPECT_EQ(replay->statements[0].text, "DELETE FROM a WHERE k = 1");
    EXPECT_EQ(replay->statements[1].text, "INSERT INTO b (k, v) VALUES (?, ?)");
    EXPECT_EQ(shown(replay->statements[1].values), (std::vector<std::string>{"1", "2"}));
    EXPECT_EQ(shown(replay->statements[2].values), std::vector<std::string>{"2"});
    EXPECT_EQ(replay->timestamp, 9);

    entry.prepared.pop_back();
    EXPECT_FALSE(read_replay(entry));
    entry.body.resize(entry.body.size() / 2);
    EXPECT_FALSE(read_replay(entry));
}

TEST(Replay, ValuesBoundByNameGetTheOrderOfTheVariables) {
    const base::Bytes one = int_bytes(1), two = int_bytes(2);
    ReplayStatement statement;
    statement.values = {bound(one), bound(two)};
    statement.names = {"b", "[ttl]"};
    EXPECT_FALSE(order_values(statement, {"b", "c"}));
    ASSERT_TRUE(order_values(statement, {"[ttl]", "b", "b"}));
    EXPECT_EQ(shown(statement.values), (std::vector<std::string>{"2", "1", "1"}));
    EXPECT_TRUE(statement.names.empty());
}

TEST(Replay, FirstHappenedAtItsStampWhereThatIsATime) {
    JournalEntry entry;
    entry.time_us = 10'000'000'000;
    entry.timestamp = 9'990'000'000;
    EXPECT_EQ(first_instant_us(entry), 9'990'000'000);
    entry.timestamp = 17;  // a counter of the application's own
    EXPECT_EQ(first_instant_us(entry), 10'000'000'000);
    entry.timestamp = 10'000'000'001;
    EXPECT_EQ(first_instant_us(entry), 10'000'000'000);
    entry.timestamp = 0;
    EXPECT_EQ(first_instant_us(entry), 10'000'000'000);
}

TEST(Replay, NeverAsksForLessThanALocalQuorum) {
    for (const auto weak : {cql::Consistency::any, cql::Consistency::one, cql::Consistency::two,
                            cql::Consistency::three, cql::Consistency::local_one})
        EXPECT_EQ(replay_consistency(weak), cql::Consistency::local_quorum);
    for (const auto strong : {cql::Consistency::quorum, cql::Consistency::all, cql::Consistency::each_quorum,
                              cql::Consistency::local_quorum})
        EXPECT_EQ(replay_consistency(strong), strong);
}

// Times to live.

TEST(RemainingTimeToLive, IsWhatIsLeftAndNeverForEver) {
    EXPECT_EQ(remaining_time_to_live(100, 0), 100);
    EXPECT_EQ(remaining_time_to_live(100, 99), 1);
    EXPECT_EQ(remaining_time_to_live(100, 100), 1);
    EXPECT_EQ(remaining_time_to_live(100, 1'000'000'000'000), 1);
    EXPECT_EQ(remaining_time_to_live(100, -5), 100);
    EXPECT_EQ(remaining_time_to_live(0, 50), 0);
    EXPECT_EQ(remaining_time_to_live(630'720'000, 1), 630'719'999);
}

struct Shortened {
    std::string text;
    std::vector<std::string> values;
    bool is_understood = true;
};

// 30 seconds old; ks.t has no default, ks.d one of 100 s.
Shortened shorten(std::string text, std::vector<ValueView> values = {}, bool is_prepared = false) {
    Replay replay;
    ReplayStatement& statement = replay.statements.emplace_back();
    statement.text = std::move(text);
    statement.keyspace = "ks";
    statement.values = std::move(values);
    statement.is_prepared = is_prepared || !statement.values.empty();
    const auto done = shorten_times_to_live(replay, 30, [](const cql::TableName& table) {
        return table == cql::TableName{"ks", "d"} ? 100 : 0;
    });
    return {statement.text, shown(statement.values), done.has_value()};
}

TEST(ShortenTimesToLive, InTextOfItsOwn) {
    EXPECT_EQ(shorten("INSERT INTO t (k) VALUES (1) USING TTL 50").text, "INSERT INTO t (k) VALUES (1) USING TTL 20");
    EXPECT_EQ(shorten("INSERT INTO t (k) VALUES (1) USING TTL 10").text, "INSERT INTO t (k) VALUES (1) USING TTL 1");
    EXPECT_EQ(shorten("INSERT INTO t (k) VALUES (1)").text, "INSERT INTO t (k) VALUES (1)");
    EXPECT_EQ(shorten("DELETE FROM d WHERE k = 1").text, "DELETE FROM d WHERE k = 1");
    EXPECT_FALSE(shorten("INSERT INTO t (k) VALUES (1) USING TTL (int) 50").is_understood);
    EXPECT_FALSE(shorten("nonsense").is_understood);
}

TEST(ShortenTimesToLive, TheTablesDefaultCountsAsTheStatements) {
    EXPECT_EQ(shorten("INSERT INTO d (k) VALUES (1)").text, "INSERT INTO d (k) VALUES (1) USING TTL 70");
    EXPECT_EQ(shorten("UPDATE ks.d SET v = 1 WHERE k = 1").text, "UPDATE ks.d USING TTL 70 SET v = 1 WHERE k = 1");
    EXPECT_EQ(shorten("UPDATE ks.d USING TIMESTAMP 5 SET v = 1 WHERE k = 1").text,
              "UPDATE ks.d USING TIMESTAMP 5 AND TTL 70 SET v = 1 WHERE k = 1");
    // Said: for ever.
    EXPECT_EQ(shorten("INSERT INTO d (k) VALUES (1) USING TTL 0").text, "INSERT INTO d (k) VALUES (1) USING TTL 0");
    EXPECT_EQ(
        shorten("BEGIN BATCH INSERT INTO d (k) VALUES (1); UPDATE t USING TTL 31 SET v = 1 WHERE k = 1; APPLY BATCH")
            .text,
        "BEGIN BATCH INSERT INTO d (k) VALUES (1) USING TTL 70; UPDATE t USING TTL 1 SET v = 1 WHERE k = 1; APPLY "
        "BATCH");
}

TEST(ShortenTimesToLive, InABoundValue) {
    const base::Bytes ttl = int_bytes(50), key = int_bytes(7), stamp = int_bytes(8);
    const auto bound_ttl = shorten("UPDATE t USING TTL ? SET v = ? WHERE k = ?", {bound(ttl), bound(key), bound(key)});
    EXPECT_EQ(bound_ttl.text, "UPDATE t USING TTL ? SET v = ? WHERE k = ?");
    EXPECT_EQ(bound_ttl.values, (std::vector<std::string>{"20", "7", "7"}));

    const auto second =
        shorten("INSERT INTO t (k) VALUES (?) USING TIMESTAMP ? AND TTL :ttl", {bound(key), bound(stamp), bound(ttl)});
    EXPECT_EQ(second.values, (std::vector<std::string>{"7", "8", "20"}));

    // Null is "for ever" whatever the table says; "not set" is the table's default.
    EXPECT_EQ(shorten("INSERT INTO d (k) VALUES (?) USING TTL ?", {bound(key), null_value}).values,
              (std::vector<std::string>{"7", "null"}));
    EXPECT_EQ(shorten("INSERT INTO d (k) VALUES (?) USING TTL ?", {bound(key), unset_value}).values,
              (std::vector<std::string>{"7", "70"}));
    EXPECT_EQ(shorten("INSERT INTO t (k) VALUES (?) USING TTL ?", {bound(key), unset_value}).values,
              (std::vector<std::string>{"7", "unset"}));
    EXPECT_FALSE(shorten("INSERT INTO t (k) VALUES (?) USING TTL ?", {bound(key)}).is_understood);
    const base::Bytes odd{1};
    EXPECT_FALSE(shorten("INSERT INTO t (k) VALUES (?) USING TTL ?", {bound(key), bound(odd)}).is_understood);
}

TEST(ShortenTimesToLive, APreparedTextGetsAMarkerInPlace) {
    const base::Bytes one = int_bytes(1), two = int_bytes(2);
    const auto literal = shorten("UPDATE t USING TTL 50 SET v = ? WHERE k = ?", {bound(one), bound(two)});
    EXPECT_EQ(literal.text, "UPDATE t USING TTL ? SET v = ? WHERE k = ?");
    EXPECT_EQ(literal.values, (std::vector<std::string>{"20", "1", "2"}));

    const auto updated = shorten("UPDATE d SET v = ? WHERE k = ?", {bound(one), bound(two)});
    EXPECT_EQ(updated.text, "UPDATE d USING TTL ? SET v = ? WHERE k = ?");
    EXPECT_EQ(updated.values, (std::vector<std::string>{"70", "1", "2"}));

    const auto inserted = shorten("INSERT INTO d (k, v) VALUES (?, ?)", {bound(one), bound(two)});
    EXPECT_EQ(inserted.text, "INSERT INTO d (k, v) VALUES (?, ?) USING TTL ?");
    EXPECT_EQ(inserted.values, (std::vector<std::string>{"1", "2", "70"}));

    const auto without_values = shorten("INSERT INTO d (k) VALUES (1)", {}, true);
    EXPECT_EQ(without_values.text, "INSERT INTO d (k) VALUES (1) USING TTL ?");
    EXPECT_EQ(without_values.values, std::vector<std::string>{"70"});

    const auto batch = shorten("BEGIN BATCH INSERT INTO d (k) VALUES (?); UPDATE d SET v = 1 WHERE k = ? APPLY BATCH",
                               {bound(one), bound(two)});
    EXPECT_EQ(
        batch.text,
        "BEGIN BATCH INSERT INTO d (k) VALUES (?) USING TTL ?; UPDATE d USING TTL ? SET v = 1 WHERE k = ? APPLY BATCH");
    EXPECT_EQ(batch.values, (std::vector<std::string>{"1", "70", "70", "2"}));
}

}  // namespace
}  // namespace crossfade::proxy
