#include "stub_node/marker_reading.hpp"

#include <gtest/gtest.h>

#include "stub_node/known_statement.hpp"

namespace crossfade::lab {
namespace {

std::string described(const MarkerReading& reading) {
    std::string text;
    for (const Marker& marker : reading.markers)
        text += (text.empty() ? "" : ", ") + marker.name + " " + cql::to_cql(*marker.type);
    return text;
}
MarkerReading read(const char* text) {
    return read_markers(text, cql::TypeCode::varchar);
}

TEST(Markers, OfAnInsertBelongToTheColumnsAtTheirPlaces) {
    const MarkerReading reading =
        read("INSERT INTO stub.kv (v, k, w) VALUES (?, ?, f(?, 'x')) IF NOT EXISTS USING TTL ? AND TIMESTAMP ?");
    EXPECT_EQ(described(reading), "v blob, k text, w blob, [ttl] int, [timestamp] bigint");
    EXPECT_EQ(reading.key_marker, 1);
}

TEST(Markers, OfAnUpdateBelongToTheNamesBeforeThem) {
    const MarkerReading reading =
        read("UPDATE kv USING TIMESTAMP ? SET v = ?, w = w + ?, timestamp = ? WHERE k = ? IF v = ?");
    EXPECT_EQ(described(reading), "[timestamp] bigint, v blob, w blob, timestamp blob, k text, v blob");
    EXPECT_EQ(reading.key_marker, 4);
}

TEST(Markers, OfASelect) {
    EXPECT_EQ(described(read("SELECT * FROM kv WHERE k = ? AND c > ? LIMIT ?")), "k text, c blob, [limit] int");
    EXPECT_EQ(described(read("SELECT * FROM kv WHERE token(k) > ? AND token(k) <= ?")),
              "partition key token bigint, partition key token bigint");
    EXPECT_EQ(described(read("SELECT * FROM kv WHERE k IN ? AND timestamp > ?")), "in(k) list<text>, timestamp blob");
    EXPECT_EQ(described(read("SELECT * FROM kv WHERE k IN (?, ?)")), "k text, k text");
}

TEST(Markers, WithNamesHaveThoseNames) {
    const MarkerReading reading = read("DELETE FROM kv WHERE k = :key");
    EXPECT_EQ(described(reading), "key text");
    EXPECT_EQ(reading.key_marker, 0);
}

TEST(Markers, OfABatchAreThoseOfItsChildren) {
    const MarkerReading reading =
        read("BEGIN BATCH INSERT INTO kv (v, k) VALUES (?, ?); INSERT INTO kv (k, v) VALUES (?, ?); APPLY BATCH");
    EXPECT_EQ(described(reading), "v blob, k text, k text, v blob");
    EXPECT_EQ(reading.key_marker, 1);
}

TEST(Markers, AKeyInTheTextIsFound) {
    EXPECT_EQ(read("INSERT INTO kv (v, k) VALUES (0x00, 'it''s')").key_literal, "it's");
    EXPECT_EQ(read("UPDATE kv SET v = 'no' WHERE k = 'a' AND c = 'b'").key_literal, "a");
    EXPECT_EQ(read_markers("DELETE FROM kv WHERE k = -12", cql::TypeCode::bigint).key_literal, "-12");
    EXPECT_EQ(read("SELECT * FROM kv WHERE k > 'a'").key_literal, "");
}

class Knowing : public testing::Test {
protected:
    base::Result<KnownStatement> know(const char* text, const char* keyspace = "") {
        return know_statement(text, keyspace, options_, tables_);
    }

    NodeOptions options_;
    SystemTables tables_{options_, view_cluster(options_)};
};

TEST_F(Knowing, TellsReadsFromWritesAndDefinitions) {
    using Kind = KnownStatement::Kind;
    EXPECT_EQ(know("SELECT * FROM stub.kv")->kind, Kind::read);
    EXPECT_EQ(know("SELECT * FROM system.local")->kind, Kind::system_read);
    EXPECT_EQ(know("INSERT INTO kv (k) VALUES ('a')", "stub")->kind, Kind::write);
    EXPECT_EQ(know("BEGIN BATCH DELETE FROM stub.kv WHERE k = 'a'; APPLY BATCH")->kind, Kind::write);
    EXPECT_EQ(know("TRUNCATE stub.kv")->kind, Kind::truncate);
    EXPECT_EQ(know("DROP TABLE stub.kv")->kind, Kind::schema);
    EXPECT_EQ(know("USE stub")->kind, Kind::use);
    EXPECT_EQ(know("HELLO")->kind, Kind::other);
}

TEST_F(Knowing, RefusesATableWithoutAKeyspace) {
    const auto known = know("SELECT * FROM kv");
    ASSERT_FALSE(known);
    EXPECT_EQ(known.error().server_code, 0x2200);
    EXPECT_EQ(know("SELECT * FROM kv", "stub")->table_text, "stub.kv");
}

TEST_F(Knowing, IdsDependOnTextKeyspaceAndSalt) {
    const PreparedId id = know("SELECT v FROM stub.kv")->id;
    EXPECT_EQ(know("SELECT v FROM stub.kv")->id, id);
    EXPECT_NE(know("SELECT k FROM stub.kv")->id, id);
    EXPECT_NE(know("SELECT v FROM stub.kv", "stub")->id, id);
    options_.id_salt = "target";
    EXPECT_NE(know("SELECT v FROM stub.kv")->id, id);
}

}  // namespace
}  // namespace crossfade::lab
