#include "migrate/preflight.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "migrate/truncation.hpp"

namespace crossfade::migrate {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

nodes::Column column(const char* name, nodes::ColumnKind kind, std::int32_t position, const char* type) {
    nodes::Column made;
    made.name = name;
    made.kind = kind;
    made.position = position;
    made.type_text = type;
    made.type = *cql::parse_cql_type(type, "ks", [](const std::string&) { return cql::TypePtr(); });
    return made;
}

nodes::Table table(const char* name, std::vector<nodes::Column> more = {}) {
    nodes::Table made;
    made.keyspace = "ks";
    made.name = name;
    made.columns = {column("k", nodes::ColumnKind::partition_key, 0, "int")};
    made.columns.insert(made.columns.end(), more.begin(), more.end());
    made.partition_key_size = 1;
    return made;
}

nodes::Column regular(const char* name, const char* type) {
    return column(name, nodes::ColumnKind::regular, -1, type);
}

nodes::Schema schema_of(std::vector<nodes::Table> tables) {
    nodes::Schema schema;
    nodes::Keyspace keyspace;
    keyspace.name = "ks";
    keyspace.replication = {{"class", "SimpleStrategy"}, {"replication_factor", "1"}};
    for (nodes::Table& one : tables) {
        auto& where = one.is_view ? keyspace.views : keyspace.tables;
        where.emplace(one.name, one);
    }
    schema.keyspaces.emplace("ks", keyspace);
    return schema;
}

TEST(SelectTables, ExpandsAStarWithoutViews) {
    nodes::Table view = table("by_v");
    view.is_view = true;
    view.base_table = "b";
    const nodes::Schema schema = schema_of({table("b"), table("a"), view});
    const auto all = select_tables({{"ks", "*"}, {"ks", "a"}}, schema);
    ASSERT_EQ(all.tables.size(), 2U);
    EXPECT_EQ(all.tables[0].table, "a");
    EXPECT_THAT(all.skipped, ElementsAre(HasSubstr("ks.by_v is a materialized view of b")));
    EXPECT_THAT(all.problems, IsEmpty());
    EXPECT_THAT(select_tables({{"ks", "by_v"}}, schema).problems, ElementsAre(HasSubstr("copy ks.b")));
}

TEST(SelectTables, NamesWhatIsNotThere) {
    const nodes::Schema schema = schema_of({table("a")});
    EXPECT_THAT(select_tables({{"ks", "b"}, {"other", "a"}, {"system", "local"}}, schema).problems,
                ElementsAre("ks.b: the origin has no such table", "other.a: the origin has no keyspace other",
                            HasSubstr("the server's own")));
}

TEST(CompareTables, EqualOnesHaveNoNotes) {
    const auto findings = compare_tables(table("t", {regular("v", "text")}), table("t", {regular("v", "text")}));
    EXPECT_THAT(findings.notes, IsEmpty());
    EXPECT_THAT(findings.problems, IsEmpty());
    EXPECT_EQ(findings.layout.regulars.size(), 1U);
}

TEST(CompareTables, NamesEachDifference) {
    const auto findings = compare_tables(table("t", {regular("gone", "text"), regular("other", "int"),
                                                     column("kind", nodes::ColumnKind::static_column, -1, "int")}),
                                         table("t", {regular("other", "text"), regular("kind", "int"),
                                                     column("c", nodes::ColumnKind::clustering, 0, "int")}));
    EXPECT_THAT(findings.problems,
                ElementsAre(HasSubstr("no column gone; add it there first: ALTER TABLE ks.t ADD gone text"),
                            HasSubstr("column other is int on the origin and text on the target"),
                            HasSubstr("column kind has another place"),
                            HasSubstr("the target's primary key has a column more, c")));
}

TEST(CompareTables, WhatIsOnlyOnTheTargetIsANote) {
    const auto findings = compare_tables(table("t"), table("t", {regular("more", "text")}));
    EXPECT_THAT(findings.problems, IsEmpty());
    EXPECT_THAT(findings.notes, ElementsAre(HasSubstr("only the target has column more")));
    EXPECT_TRUE(findings.layout.regulars.empty());
}

TEST(BytesMayPass, OnlyWithTheSameMeaning) {
    const auto passes = [](const char* from, const char* to) {
        const auto parse = [](const char* type) {
            return *cql::parse_cql_type(type, "ks", [](const std::string&) { return cql::TypePtr(); });
        };
        return bytes_may_pass(*parse(from), *parse(to));
    };
    EXPECT_TRUE(passes("ascii", "text"));
    EXPECT_FALSE(passes("text", "ascii"));
    EXPECT_TRUE(passes("timeuuid", "uuid"));
    EXPECT_FALSE(passes("uuid", "timeuuid"));
    EXPECT_TRUE(passes("int", "varint"));
    EXPECT_FALSE(passes("int", "bigint"));
    EXPECT_TRUE(passes("double", "blob"));
    EXPECT_TRUE(passes("frozen<list<ascii>>", "frozen<list<text>>"));
    EXPECT_TRUE(passes("list<ascii>", "list<text>"));
    EXPECT_FALSE(passes("list<text>", "frozen<list<text>>"));
    EXPECT_FALSE(passes("set<text>", "list<text>"));
    EXPECT_FALSE(passes("list<int>", "blob"));
    EXPECT_TRUE(passes("frozen<list<int>>", "blob"));
}

TEST(GcGrace, MustOutlastTheRunAndADay) {
    nodes::Table target = table("t");
    target.gc_grace_seconds = 86400 + 100;
    EXPECT_FALSE(gc_grace_problem(target, 100));
    EXPECT_TRUE(gc_grace_problem(target, 101));
    target.gc_grace_seconds = 0;
    EXPECT_THAT(*gc_grace_problem(target, 0), HasSubstr("--allow-short-gc-grace"));
    target.is_counter = true;
    EXPECT_FALSE(gc_grace_problem(target, 0));
}

TEST(CreateMissing, TypesComeBeforeTablesAndOnlyWhatIsMissing) {
    nodes::Schema origin = schema_of({table("a"), table("b")});
    origin.keyspaces.at("ks").types = {
        cql::udt_type("ks", "address", {"street"}, {cql::simple_type(cql::TypeCode::varchar)})};
    const nodes::Schema target = schema_of({table("a")});
    const auto creation = create_missing({{"ks", "a"}, {"ks", "b"}}, origin, target, {"dc1"}, 1);
    ASSERT_EQ(creation.statements.size(), 2U);
    EXPECT_THAT(creation.statements[0], HasSubstr("CREATE TYPE IF NOT EXISTS ks.address"));
    EXPECT_THAT(creation.statements[1], HasSubstr("CREATE TABLE IF NOT EXISTS ks.b"));
    EXPECT_THAT(creation.missing, ElementsAre("table ks.b"));
    EXPECT_THAT(create_missing({{"ks", "a"}}, origin, target, {"dc1"}, 1).statements, IsEmpty());
}

TEST(CreateMissing, ReplicationFitsTheTarget) {
    nodes::Schema origin = schema_of({table("a")});
    origin.keyspaces.at("ks").replication = {{"class", "NetworkTopologyStrategy"}, {"old_dc", "3"}};
    const auto fitted = create_missing({{"ks", "a"}}, origin, nodes::Schema(), {"new_dc"}, 5);
    EXPECT_THAT(fitted.statements[0], HasSubstr("'new_dc': '3'"));
    EXPECT_THAT(fitted.statements[0], testing::Not(HasSubstr("old_dc")));
    EXPECT_THAT(fitted.notes, ElementsAre(HasSubstr("instead of the origin's")));
    const auto small = create_missing({{"ks", "a"}}, origin, nodes::Schema(), {"old_dc"}, 1);
    EXPECT_THAT(small.statements[0], HasSubstr("'old_dc': '1'"));
}

TEST(Truncation, TimeIsBehindTheLogPosition) {
    base::Bytes value(20, 0);
    value[18] = 1;
    value[19] = 2;
    EXPECT_EQ(truncation_time_ms(value), 258);
    EXPECT_FALSE(truncation_time_ms(base::ByteView(value).first(12)));
}

TEST(Truncation, OnlyWhatCameSinceCounts) {
    TableMoment before;
    before.exists = true;
    before.now_ms = 1000;
    before.truncated_ms = 1001;  // a moment ago, by a clock that is measured only nearly
    const std::int64_t begun = beginning_ms(before);
    EXPECT_EQ(what_happened(before, before.id, begun), "");
    TableMoment after = before;
    after.truncated_ms = 5000;
    EXPECT_EQ(what_happened(after, before.id, begun), "was truncated");
    after.id[0] = 9;
    EXPECT_EQ(what_happened(after, before.id, begun), "was dropped and made anew");
    after.exists = false;
    EXPECT_EQ(what_happened(after, before.id, begun), "was dropped");
}

}  // namespace
}  // namespace crossfade::migrate
