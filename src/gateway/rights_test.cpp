#include "gateway/rights.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace crossfade::gateway {
namespace {

using cql::Consistency;
using cql::ErrorCode;
using testing::HasSubstr;
using testing::StartsWith;

// "" where it may run.
std::string refusal(const Rights& rights, std::string_view text, std::string_view keyspace = {}) {
    const auto judged = judge(rights, text, keyspace);
    return judged.refusal ? judged.refusal->text : "";
}

Rights astra() {
    Rights rights;
    rights.guardrails = Guardrails::astra;
    return rights;
}

std::string columns(int count) {
    std::string text;
    for (int i = 0; i < count; ++i) text += "c" + std::to_string(i) + " frozen<map<int, text>>, ";
    return text;
}

TEST(GatewayRights, WithoutLimitsEverythingMayRun) {
    for (const char* text : {"CREATE KEYSPACE k WITH replication = {}", "DROP ROLE r", "INSERT INTO t (a) VALUES (1)"})
        EXPECT_EQ(refusal({}, text), "");
    EXPECT_FALSE(refuse_consistency({}, Consistency::one));
    EXPECT_FALSE(Rights().are_limited());
}

TEST(GatewayRights, AstraRefusesKeyspaceStatementsInItsOwnWords) {
    for (const char* text :
         {"CREATE KEYSPACE workshop_ks WITH replication = {'class': 'SimpleStrategy'}",
          "  /* c */ alter keyspace workshop_ks WITH durable_writes = false", "DROP KEYSPACE IF EXISTS workshop_ks"}) {
        const auto judged = judge(astra(), text, {});
        ASSERT_TRUE(judged.refusal) << text;
        EXPECT_EQ(judged.refusal->text, "Missing correct permission on workshop_ks.");
        EXPECT_EQ(judged.refusal->code, ErrorCode::unauthorized);
    }
    for (const char* text : {"CREATE TABLE ks.t (a int PRIMARY KEY)", "TRUNCATE ks.t", "DROP INDEX IF EXISTS ks.i",
                             "CREATE INDEX i ON ks.t (a)"})
        EXPECT_EQ(refusal(astra(), text), "") << text;
    EXPECT_EQ(refusal(astra(), "DROP SCHEMA workshop_ks"), "Missing correct permission on workshop_ks.");
}

TEST(GatewayRights, AstraRefusesWritesAtLowConsistencyInItsOwnWords) {
    const auto refused = refuse_consistency(astra(), Consistency::local_one);
    ASSERT_TRUE(refused);
    EXPECT_EQ(refused->code, ErrorCode::invalid);
    EXPECT_EQ(refused->text,
              "Provided value LOCAL_ONE is not allowed for Write Consistency Level (disallowed values are: [ANY, ONE, "
              "LOCAL_ONE])");
    EXPECT_TRUE(refuse_consistency(astra(), Consistency::any));
    EXPECT_TRUE(refuse_consistency(astra(), Consistency::one));
    for (const Consistency good :
         {Consistency::two, Consistency::local_quorum, Consistency::all, Consistency::each_quorum})
        EXPECT_FALSE(refuse_consistency(astra(), good));
    EXPECT_TRUE(judge(astra(), "BEGIN BATCH INSERT INTO t (a) VALUES (1); APPLY BATCH", {}).is_write);
    EXPECT_TRUE(judge(astra(), "UPDATE t SET a = 1 WHERE k = 1 IF a = 2", {}).is_write);
    EXPECT_FALSE(judge(astra(), "SELECT * FROM t", {}).is_write);
}

TEST(GatewayRights, AstraCountsColumnsAndFields) {
    EXPECT_EQ(refusal(astra(), "CREATE TABLE ks.t (" + columns(50) + "PRIMARY KEY ((c0, c1), c2))"), "");
    EXPECT_EQ(refusal(astra(), "CREATE TABLE IF NOT EXISTS ks.t (" + columns(51) + "PRIMARY KEY (c0))"),
              "Tables cannot have more than 50 columns, but 51 provided for table t");
    EXPECT_EQ(
        refusal(astra(), "CREATE TYPE ks.u (a int, b int, c int, d int, e int, f int, g int, h int, i int, j int)"),
        "");
    EXPECT_EQ(refusal(astra(),
                      "CREATE TYPE ks.u (a int, b int, c int, d int, e int, f int, g int, h int, i int, j int, k int)"),
              "User types cannot have more than 10 columns, but 11 provided for type u");
}

TEST(GatewayRights, AReadOnlyTokenReads) {
    Rights rights;
    rights.is_read_only = true;
    for (const char* text : {"SELECT * FROM ks.t", "USE ks", "DESCRIBE ks.t", "LIST ROLES"})
        EXPECT_EQ(refusal(rights, text), "");
    for (const char* text :
         {"INSERT INTO ks.t (a) VALUES (1)", "UPDATE ks.t SET a = 1 WHERE k = 1", "DELETE FROM ks.t WHERE a = 1",
          "TRUNCATE ks.t", "DROP TABLE ks.t", "GRANT ALL ON ks.t TO r", "nonsense",
          "BEGIN BATCH INSERT INTO ks.t (a) VALUES (1) APPLY BATCH"})
        EXPECT_THAT(refusal(rights, text), StartsWith("Missing correct permission on ")) << text;
    EXPECT_THAT(refusal(rights, "INSERT INTO ks.t (a) VALUES (1)"), HasSubstr("ks.t: the token may only read"));
}

TEST(GatewayRights, ATokenOfSomeKeyspacesStaysInThem) {
    Rights rights;
    rights.keyspaces = {"shop", "Odd"};
    for (const char* text :
         {"SELECT * FROM shop.t", "INSERT INTO SHOP.t (a) VALUES (1)", "USE \"Odd\"", "SELECT * FROM t",
          "SELECT * FROM system.local", "SELECT * FROM system_schema.tables", "CREATE TABLE shop.t (a int PRIMARY KEY)",
          "BEGIN BATCH INSERT INTO shop.t (a) VALUES (1) DELETE FROM t WHERE a = 1 APPLY BATCH"})
        EXPECT_EQ(refusal(rights, text), "") << text;
    for (const char* text :
         {"SELECT * FROM other.t", "SELECT salted_hash FROM system_auth.roles", "USE odd", "USE system",
          "INSERT INTO system.local (a) VALUES (1)", "DROP KEYSPACE other", "CREATE ROLE r",
          "GRANT ALL ON KEYSPACE shop TO r", "nonsense",
          "BEGIN BATCH INSERT INTO shop.t (a) VALUES (1) DELETE FROM other.t WHERE a = 1 APPLY BATCH",
          "CREATE FUNCTION other.f (a int) RETURNS NULL ON NULL INPUT RETURNS int LANGUAGE java AS 'x'"})
        EXPECT_THAT(refusal(rights, text), StartsWith("Missing correct permission on ")) << text;
    EXPECT_EQ(refusal(rights, "SELECT * FROM t", "other"), "Missing correct permission on other.");
    EXPECT_EQ(refusal(rights, "SELECT * FROM t", "shop"), "");
}

}  // namespace
}  // namespace crossfade::gateway
