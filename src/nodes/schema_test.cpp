#include "nodes/schema.hpp"

#include <gtest/gtest.h>

#include "nodes/describe.hpp"
#include "nodes/made_rows.hpp"

namespace crossfade::nodes {
namespace {

using base::Bytes;
using cql::TypeCode;

const auto text_of_name = [](const char* name) { return column(name, TypeCode::varchar); };

Rows keyspaces(const std::vector<std::string>& names) {
    std::vector<std::vector<Cell>> rows;
    for (const std::string& name : names)
        rows.push_back({text_cell(name), Bytes{1},
                        map_cell({"class", "org.apache.cassandra.locator.NetworkTopologyStrategy", "dc1", "3"})});
    return made_rows(
        {text_of_name("keyspace_name"), column("durable_writes", TypeCode::boolean), column("replication", text_map())},
        rows);
}

Rows tables(const std::vector<std::pair<std::string, std::vector<std::string>>>& names_and_flags) {
    std::vector<std::vector<Cell>> rows;
    for (const auto& [name, flags] : names_and_flags)
        rows.push_back({text_cell("ks"), text_cell(name), Bytes(16, 7), list_cell(flags), int_cell(100),
                        text_cell("it's"), Bytes{0x3F, 0x84, 0x7A, 0xE1, 0x47, 0xAE, 0x14, 0x7B},
                        map_cell({"class", "x.LZ4Compressor"}), text_cell("99p"), std::nullopt, Bytes(8)});
    return made_rows({text_of_name("keyspace_name"), text_of_name("table_name"), column("id", TypeCode::uuid),
                      column("flags", texts()), column("gc_grace_seconds", TypeCode::int_number),
                      text_of_name("comment"), column("bloom_filter_fp_chance", TypeCode::double_number),
                      column("compression", text_map()), text_of_name("speculative_retry"), text_of_name("memtable"),
                      column("read_repair_chance", TypeCode::double_number)},
                     rows);
}

struct Described {
    std::string table, name, kind, type;
    std::int32_t position = -1;
    std::string order = "none";
};
Rows columns(const std::vector<Described>& described) {
    std::vector<std::vector<Cell>> rows;
    for (const Described& one : described)
        rows.push_back({text_cell("ks"), text_cell(one.table), text_cell(one.name), text_cell(one.kind),
                        int_cell(one.position), text_cell(one.order), text_cell(one.type)});
    return made_rows(
        {text_of_name("keyspace_name"), text_of_name("table_name"), text_of_name("column_name"), text_of_name("kind"),
         column("position", TypeCode::int_number), text_of_name("clustering_order"), text_of_name("type")},
        rows);
}

Rows types(const std::vector<std::tuple<std::string, std::vector<std::string>, std::vector<std::string>>>& described) {
    std::vector<std::vector<Cell>> rows;
    for (const auto& [name, names, texts_of_types] : described)
        rows.push_back({text_cell("ks"), text_cell(name), list_cell(names), list_cell(texts_of_types)});
    return made_rows({text_of_name("keyspace_name"), text_of_name("type_name"), column("field_names", texts()),
                      column("field_types", texts())},
                     rows);
}

std::vector<std::string> names_of(const Table& table) {
    std::vector<std::string> names;
    for (const Column& one : table.columns) names.push_back(one.name);
    return names;
}

TEST(Schema, ColumnsAreInTheOrderOfSelectStar) {
    SchemaRows rows;
    rows.keyspaces = keyspaces({"ks"});
    rows.tables = tables({{"t", {"compound"}}});
    rows.columns = columns({{"t", "z", "regular", "int"},
                            {"t", "c2", "clustering", "int", 1, "desc"},
                            {"t", "b", "static", "int"},
                            {"t", "A", "regular", "int"},
                            {"t", "c1", "clustering", "int", 0, "asc"},
                            {"t", "p2", "partition_key", "int", 1},
                            {"t", "p1", "partition_key", "text", 0}});
    const Schema schema = build_schema(rows);
    EXPECT_TRUE(schema.warnings.empty());
    const Table* const table = schema.find_table("ks", "t");
    ASSERT_NE(table, nullptr);
    EXPECT_EQ(names_of(*table), (std::vector<std::string>{"p1", "p2", "c1", "c2", "b", "A", "z"}));
    EXPECT_EQ(table->partition_key_size, 2U);
    EXPECT_EQ(table->clustering_size, 2U);
    EXPECT_TRUE(table->find_column("c2")->is_descending);
    EXPECT_FALSE(table->find_column("c1")->is_descending);
    EXPECT_TRUE(table->has_static_columns());
    EXPECT_FALSE(table->is_key_only());
    EXPECT_FALSE(table->is_compact_storage);
    EXPECT_EQ(table->gc_grace_seconds, 100);
    EXPECT_EQ(schema.find_table("ks", "u"), nullptr);
    EXPECT_EQ(schema.find_table("other", "t"), nullptr);
    EXPECT_EQ(schema.find_keyspace("ks")->replication.at("class"), "NetworkTopologyStrategy");
}

TEST(Schema, TypesComeAfterThoseTheyUse) {
    SchemaRows rows;
    rows.keyspaces = keyspaces({"ks"});
    rows.types = types({{"a", {"x"}, {"frozen<map<text, frozen<b>>>"}},
                        {"b", {"y", "z"}, {"frozen<c>", "int"}},
                        {"c", {"w"}, {"text"}}});
    const Schema schema = build_schema(rows);
    EXPECT_TRUE(schema.warnings.empty());
    std::vector<std::string> statements;
    for (const cql::TypePtr& type : schema.keyspaces.at("ks").types) statements.push_back(describe_type(*type));
    EXPECT_EQ(statements,
              (std::vector<std::string>{"CREATE TYPE IF NOT EXISTS ks.c (w text)",
                                        "CREATE TYPE IF NOT EXISTS ks.b (y frozen<c>, z int)",
                                        "CREATE TYPE IF NOT EXISTS ks.a (x frozen<map<text, frozen<b>>>)"}));
}

TEST(Schema, WhatCannotBeUnderstoodIsNamedAndStopsNothing) {
    SchemaRows rows;
    rows.keyspaces = keyspaces({"ks"});
    rows.types = types({{"loop", {"x"}, {"frozen<loop>"}}, {"short", {"x", "y"}, {"int"}}});
    rows.tables = tables({{"good", {"compound"}}, {"odd", {"compound"}}, {"headless", {"compound"}}});
    rows.columns = columns({{"good", "k", "partition_key", "int", 0},
                            {"odd", "k", "partition_key", "int", 0},
                            {"odd", "v", "regular", "frozen<nothing<"},
                            {"headless", "v", "regular", "int"},
                            {"nowhere", "v", "regular", "int"}});
    const Schema schema = build_schema(rows);
    EXPECT_NE(schema.find_table("ks", "good"), nullptr);
    ASSERT_NE(schema.find_table("ks", "odd"), nullptr);
    EXPECT_EQ(schema.find_table("ks", "odd")->find_column("v")->type->code, TypeCode::custom);
    EXPECT_EQ(schema.find_table("ks", "headless"), nullptr);
    std::string all;
    for (const std::string& warning : schema.warnings) all += warning + "\n";
    for (const char* named : {"ks.loop", "ks.short", "ks.odd.v", "ks.headless"})
        EXPECT_NE(all.find(named), std::string::npos) << named << " in\n" << all;
}

TEST(Schema, CompactStorageHidesColumns) {
    SchemaRows rows;
    rows.keyspaces = keyspaces({"ks"});
    rows.tables = tables({{"fixed", {}}, {"dense", {"dense"}}, {"keys", {"dense", "compound"}}});
    rows.columns = columns({{"fixed", "k", "partition_key", "int", 0},
                            {"fixed", "column1", "clustering", "text", 0, "asc"},
                            {"fixed", "v", "static", "int"},
                            {"fixed", "value", "regular", "blob"},
                            {"dense", "k", "partition_key", "int", 0},
                            {"dense", "c", "clustering", "int", 0, "asc"},
                            {"dense", "v", "regular", "text"},
                            {"keys", "k", "partition_key", "int", 0},
                            {"keys", "c", "clustering", "int", 0, "asc"},
                            {"keys", "value", "regular", "empty"}});
    const Schema schema = build_schema(rows);
    const Table& fixed = *schema.find_table("ks", "fixed");
    EXPECT_EQ(names_of(fixed), (std::vector<std::string>{"k", "v"}));
    EXPECT_EQ(fixed.columns[1].kind, ColumnKind::regular);
    EXPECT_TRUE(fixed.is_compact_storage);
    EXPECT_FALSE(fixed.is_dense);
    EXPECT_EQ(names_of(*schema.find_table("ks", "dense")), (std::vector<std::string>{"k", "c", "v"}));
    EXPECT_TRUE(schema.find_table("ks", "keys")->is_key_only());
}

TEST(Schema, CountersAndViewsAreRecognised) {
    SchemaRows rows;
    rows.keyspaces = keyspaces({"ks"});
    rows.tables = tables({{"counts", {"compound", "counter"}}});
    rows.views = made_rows({text_of_name("keyspace_name"), text_of_name("view_name"), column("id", TypeCode::uuid),
                            text_of_name("base_table_name")},
                           {{text_cell("ks"), text_cell("by_c"), Bytes(16, 9), text_cell("counts")}});
    rows.columns = columns({{"counts", "k", "partition_key", "int", 0},
                            {"counts", "n", "regular", "counter"},
                            {"by_c", "n", "partition_key", "int", 0}});
    rows.indexes = made_rows({text_of_name("keyspace_name"), text_of_name("table_name"), text_of_name("index_name"),
                              text_of_name("kind"), column("options", text_map())},
                             {{text_cell("ks"), text_cell("counts"), text_cell("by_n"), text_cell("COMPOSITES"),
                               map_cell({"target", "n"})}});
    const Schema schema = build_schema(rows);
    EXPECT_TRUE(schema.find_table("ks", "counts")->is_counter);
    ASSERT_EQ(schema.find_table("ks", "counts")->indexes.size(), 1U);
    EXPECT_EQ(describe_index(*schema.find_table("ks", "counts"), schema.find_table("ks", "counts")->indexes[0]),
              "CREATE INDEX IF NOT EXISTS by_n ON ks.counts (n)");
    ASSERT_NE(schema.find_table("ks", "by_c"), nullptr);
    EXPECT_TRUE(schema.find_table("ks", "by_c")->is_view);
    EXPECT_EQ(schema.find_table("ks", "by_c")->base_table, "counts");
    EXPECT_EQ(schema.keyspaces.at("ks").tables.size(), 1U);
}

TEST(Describe, ATableHasTheOptionsThatTheOtherSideKnows) {
    SchemaRows rows;
    rows.keyspaces = keyspaces({"ks"});
    rows.tables = tables({{"Table", {"compound"}}});
    rows.columns = columns({{"Table", "k", "partition_key", "int", 0},
                            {"Table", "from", "partition_key", "text", 1},
                            {"Table", "c", "clustering", "timeuuid", 0, "desc"},
                            {"Table", "s", "static", "frozen<list<int>>"}});
    const Schema schema = build_schema(rows);
    EXPECT_EQ(schema.table_options, (std::set<std::string>{"bloom_filter_fp_chance", "comment", "compression",
                                                           "gc_grace_seconds", "memtable", "speculative_retry"}));
    const Table& table = *schema.find_table("ks", "Table");
    const TableDescription whole = describe_table(table, schema.table_options);
    EXPECT_EQ(whole.text,
              "CREATE TABLE IF NOT EXISTS ks.\"Table\" (k int, \"from\" text, c timeuuid, s frozen<list<int>> static, "
              "PRIMARY KEY ((k, \"from\"), c)) WITH CLUSTERING ORDER BY (c DESC) AND bloom_filter_fp_chance = 0.01 AND "
              "comment = 'it''s' "
              "AND compression = {'class': 'x.LZ4Compressor'} AND gc_grace_seconds = 100");
    EXPECT_TRUE(whole.left_out.empty());
    const TableDescription less = describe_table(table, {"gc_grace_seconds"});
    EXPECT_EQ(less.left_out, (std::vector<std::string>{"bloom_filter_fp_chance", "comment", "compression"}));
}

TEST(Describe, AKeyspaceMayGetAnotherReplication) {
    Keyspace keyspace;
    keyspace.name = "My_Shop";
    keyspace.replication = {{"class", "NetworkTopologyStrategy"}, {"dc1", "3"}};
    keyspace.durable_writes = false;
    EXPECT_EQ(describe_keyspace(keyspace),
              "CREATE KEYSPACE IF NOT EXISTS \"My_Shop\" WITH replication = {'class': 'NetworkTopologyStrategy', "
              "'dc1': '3'} AND durable_writes = false");
    const std::map<std::string, std::string> other{{"class", "SimpleStrategy"}, {"replication_factor", "1"}};
    EXPECT_EQ(describe_keyspace(keyspace, &other),
              "CREATE KEYSPACE IF NOT EXISTS \"My_Shop\" WITH replication = {'class': 'SimpleStrategy', "
              "'replication_factor': '1'} AND durable_writes = false");
}

TEST(Describe, ACustomIndexKeepsItsClassAndOptions) {
    Table table;
    table.keyspace = "ks";
    table.name = "t";
    const Index index{
        "by_v",
        "CUSTOM",
        {{"target", "v"}, {"class_name", "StorageAttachedIndex"}, {"similarity_function", "DOT_PRODUCT"}}};
    EXPECT_EQ(describe_index(table, index),
              "CREATE CUSTOM INDEX IF NOT EXISTS by_v ON ks.t (v) USING 'StorageAttachedIndex' WITH OPTIONS = "
              "{'similarity_function': 'DOT_PRODUCT'}");
}

// Reading, with a server that refuses some tables.
base::Task<base::Result<Rows>> answer(std::string refused, std::string text) {
    if (text.find(refused) != std::string::npos) co_return base::fail(base::ErrorKind::server, "no such table", 0x2200);
    if (text.find("system_schema.keyspaces") != std::string::npos) co_return keyspaces({"ks", "system", "system_auth"});
    co_return Rows();
}

base::Result<Schema> read_without(const std::string& refused, std::vector<std::string> wanted,
                                  std::vector<std::string>* asked = nullptr) {
    std::optional<base::Result<Schema>> result;
    const Ask ask = [&](std::string text) {
        if (asked != nullptr) asked->push_back(text);
        return answer(refused, std::move(text));
    };
    const auto finish = [](base::Task<base::Result<Schema>> task,
                           std::optional<base::Result<Schema>>& out) -> base::Task<void> {
        out.emplace(co_await task);
    };
    base::Task<void> finished = finish(read_schema(ask, std::move(wanted)), result);
    return std::move(*result);
}

TEST(ReadSchema, LeavesOutTheServersOwnKeyspacesUnlessNamed) {
    std::vector<std::string> asked;
    const auto all = read_without("nothing", {}, &asked);
    ASSERT_TRUE(all);
    EXPECT_EQ(all->keyspaces.size(), 1U);
    EXPECT_EQ(asked.front(), "SELECT * FROM system_schema.keyspaces");
    asked.clear();
    const auto named = read_without("nothing", {"system", "o'neill"}, &asked);
    ASSERT_TRUE(named);
    EXPECT_EQ(asked.back(), "SELECT * FROM system_schema.indexes WHERE keyspace_name IN ('system', 'o''neill')");
}

TEST(ReadSchema, WithoutTypesViewsOrIndexesThereIsAWarning) {
    for (const char* refused : {"types", "views", "indexes"}) {
        const auto schema = read_without(std::string("system_schema.") + refused, {});
        ASSERT_TRUE(schema);
        ASSERT_EQ(schema->warnings.size(), 1U);
        EXPECT_NE(schema->warnings[0].find(refused), std::string::npos);
    }
    for (const char* refused : {"keyspaces", "tables", "columns"})
        EXPECT_FALSE(read_without(std::string("system_schema.") + refused, {}));
}

}  // namespace
}  // namespace crossfade::nodes
