#include "proxy/repair_schema.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "proxy/journal_test_entries.hpp"

namespace crossfade::proxy {
namespace {

JournalEntry schema_change(const std::string& text, const std::string& keyspace = "") {
    JournalEntry entry = mutation("t");
    entry.kind = JournalEntry::Kind::ddl;
    entry.keyspace = keyspace;
    entry.body = query_body(text, 1);
    return entry;
}

nodes::Column column(const std::string& name, nodes::ColumnKind kind, const std::string& type) {
    nodes::Column made;
    made.name = name;
    made.kind = kind;
    made.type_text = type;
    return made;
}

nodes::Keyspace keyspace_of(const std::vector<std::string>& tables) {
    nodes::Keyspace keyspace;
    keyspace.name = "ks";
    for (const std::string& name : tables) {
        nodes::Table table;
        table.keyspace = "ks";
        table.name = name;
        table.columns = {column("k", nodes::ColumnKind::partition_key, "int"),
                         column("v", nodes::ColumnKind::regular, "text")};
        keyspace.tables[name] = table;
    }
    return keyspace;
}

TEST(StatementToType, SaysTheKeyspaceWhereItIsNeeded) {
    EXPECT_EQ(statement_to_type(schema_change("CREATE TABLE t (k int PRIMARY KEY) ; ", "Ks")),
              "USE \"Ks\"; CREATE TABLE t (k int PRIMARY KEY);");
    EXPECT_EQ(statement_to_type(schema_change("CREATE TABLE ks.t (k int PRIMARY KEY)", "other")),
              "CREATE TABLE ks.t (k int PRIMARY KEY);");
    EXPECT_EQ(statement_to_type(schema_change("DROP KEYSPACE ks", "other")), "DROP KEYSPACE ks;");
    JournalEntry prepared = schema_change("");
    prepared.opcode = cql::Opcode::execute;
    prepared.prepared = {{"DROP TABLE t", "ks"}};
    EXPECT_EQ(statement_to_type(prepared), "USE ks; DROP TABLE t;");
    prepared.prepared.clear();
    EXPECT_EQ(statement_to_type(prepared), "");
}

TEST(StatementToType, DoesNotTellPasswords) {
    const JournalEntry entry = schema_change("CREATE ROLE bob WITH LOGIN = true AND PASSWORD = 'secret'");
    EXPECT_EQ(statement_to_type(entry), "CREATE ROLE bob WITH LOGIN = true AND PASSWORD = '…';");
    const RepairTables nothing_known(SessionPair{});
    const auto settled = settled_schema(entry, nothing_known, false);
    ASSERT_FALSE(settled);
    EXPECT_THAT(settled.error().message, testing::HasSubstr("the password, which is not shown, in place of '…'"));
    EXPECT_THAT(settled.error().message, testing::Not(testing::HasSubstr("secret")));
}

TEST(DefinedName, IsOfTheKeyspaceThatTheStatementRanIn) {
    EXPECT_EQ(defined_name(schema_change("ALTER TABLE t ADD x int", "ks")), (cql::TableName{"ks", "t"}));
    EXPECT_EQ(defined_name(schema_change("ALTER TABLE a.t ADD x int", "ks")), (cql::TableName{"a", "t"}));
    EXPECT_EQ(defined_name(schema_change("DROP KEYSPACE IF EXISTS a")).keyspace, "a");
}

TEST(SchemaAgreement, OfTables) {
    nodes::Keyspace origin = keyspace_of({"t"}), target = keyspace_of({"t"});
    const auto of = [&](std::string_view statement) { return agreement(statement, {"ks", "t"}, &origin, &target); };
    EXPECT_EQ(of("ALTER TABLE t ADD v text"), Agreement::equal);
    EXPECT_EQ(of("create table ks.t (k int primary key, v text)"), Agreement::equal);
    target.tables["t"].columns[1].type_text = "int";
    EXPECT_EQ(of("ALTER TABLE t ADD v text"), Agreement::different);
    target.tables["t"].columns.pop_back();
    EXPECT_EQ(of("ALTER TABLE t ADD v text"), Agreement::different);
    target.tables.clear();
    EXPECT_EQ(of("DROP TABLE t"), Agreement::different);
    EXPECT_EQ(agreement("DROP TABLE t", {"ks", "t"}, &origin, nullptr), Agreement::different);
    origin.tables.clear();
    EXPECT_EQ(of("DROP TABLE t"), Agreement::equal);
}

TEST(SchemaAgreement, OfIndexesByTheirTableOrKeyspace) {
    nodes::Keyspace origin = keyspace_of({"t"}), target = keyspace_of({"t"});
    nodes::Index index;
    index.name = "by_v";
    index.kind = "COMPOSITES";
    index.options = {{"target", "v"}};
    origin.tables["t"].indexes = {index};
    EXPECT_EQ(agreement("CREATE INDEX by_v ON t (v)", {"ks", "t"}, &origin, &target), Agreement::different);
    EXPECT_EQ(agreement("DROP INDEX by_v", {"ks", ""}, &origin, &target), Agreement::different);
    target.tables["t"].indexes = {index};
    EXPECT_EQ(agreement("CREATE CUSTOM INDEX by_v ON t (v) USING 'x' WITH OPTIONS = {}", {"ks", "t"}, &origin, &target),
              Agreement::equal);
    EXPECT_EQ(agreement("DROP INDEX by_v", {"ks", ""}, &origin, &target), Agreement::equal);
}

TEST(SchemaAgreement, OfTypesAndKeyspaces) {
    nodes::Keyspace origin = keyspace_of({}), target = keyspace_of({});
    const cql::TypePtr integer = cql::simple_type(cql::TypeCode::int_number);
    origin.types = {cql::udt_type("ks", "address", {"a"}, {integer})};
    EXPECT_EQ(agreement("CREATE TYPE address (a int)", {"ks", "address"}, &origin, &target), Agreement::different);
    target.types = {cql::udt_type("ks", "address", {"a"}, {integer})};
    EXPECT_EQ(agreement("CREATE TYPE address (a int)", {"ks", "address"}, &origin, &target), Agreement::equal);
    target.types = {cql::udt_type("ks", "address", {"a", "b"}, {integer, integer})};
    EXPECT_EQ(agreement("ALTER TYPE address ADD b int", {"ks", "address"}, &origin, &target), Agreement::different);

    EXPECT_EQ(agreement("CREATE KEYSPACE ks WITH replication = {}", {"ks", ""}, &origin, nullptr),
              Agreement::different);
    EXPECT_EQ(agreement("CREATE KEYSPACE ks WITH replication = {}", {"ks", ""}, &origin, &target), Agreement::equal);
    EXPECT_EQ(agreement("DROP KEYSPACE ks", {"ks", ""}, nullptr, nullptr), Agreement::equal);
}

TEST(SchemaAgreement, IsUnknownWhereTheSchemaDoesNotTell) {
    const nodes::Keyspace keyspace = keyspace_of({"t"});
    for (const std::string_view statement :
         {"ALTER TABLE t WITH gc_grace_seconds = 1", "ALTER KEYSPACE ks WITH replication = {}",
          "GRANT SELECT ON ks.t TO r", "CREATE ROLE r",
          "CREATE OR REPLACE FUNCTION f (a int) CALLED ON NULL INPUT RETURNS int LANGUAGE java AS $$ $$",
          "CREATE MATERIALIZED VIEW m AS SELECT * FROM t", "nonsense", ""}) {
        EXPECT_EQ(agreement(statement, {"ks", "t"}, &keyspace, &keyspace), Agreement::unknown) << statement;
    }
}

}  // namespace
}  // namespace crossfade::proxy
