// Reading the schema of real clusters, and making it anew from its description.
#include <algorithm>

#include "driver/integration/real_nodes.hpp"
#include "nodes/describe.hpp"

namespace crossfade::driver {
namespace {

class Schemas : public RealCluster {};

// Every statement that makes the keyspace and what is in it, in an order that works.
std::vector<std::string> descriptions(const nodes::Keyspace& keyspace, const nodes::Schema& schema) {
    std::vector<std::string> statements{nodes::describe_keyspace(keyspace)};
    for (const cql::TypePtr& type : keyspace.types) statements.push_back(nodes::describe_type(*type));
    for (const auto& [name, table] : keyspace.tables) {
        const auto description = nodes::describe_table(table, schema.table_options);
        EXPECT_TRUE(description.left_out.empty()) << name << ": " << description.left_out.front();
        statements.push_back(description.text);
        for (const nodes::Index& index : table.indexes) statements.push_back(nodes::describe_index(table, index));
    }
    return statements;
}

TEST_P(Schemas, ASchemaMadeFromItsDescriptionIsTheSame) {
    const std::string ks = "\"Driver_Schema\"";
    ok("DROP KEYSPACE IF EXISTS " + ks);
    ok("CREATE KEYSPACE " + ks +
       " WITH replication = {'class': 'NetworkTopologyStrategy', 'datacenter1': 1} AND durable_writes = false");
    ok("CREATE TYPE " + ks + ".zip (code int, \"Extra\" text)");
    ok("CREATE TYPE " + ks + ".address (street text, zips frozen<list<frozen<zip>>>)");
    ok("CREATE TABLE " + ks + ".plain (k int PRIMARY KEY, v text)");
    ok("CREATE TABLE " + ks +
       ".keys (a int, b text, c int, d timeuuid, s text static, \"order\" int, home address, homes map<text, "
       "frozen<address>>, "
       "t tuple<int, frozen<set<text>>>, PRIMARY KEY ((a, b), c, d)) WITH CLUSTERING ORDER BY (c DESC, d ASC) AND "
       "gc_grace_seconds = 4711 "
       "AND default_time_to_live = 86400 AND comment = 'it''s \"quoted\"' AND bloom_filter_fp_chance = 0.02 AND "
       "crc_check_chance = 0.5 "
       "AND compaction = {'class': 'LeveledCompactionStrategy', 'sstable_size_in_mb': '77'} AND compression = "
       "{'class': 'SnappyCompressor', "
       "'chunk_length_in_kb': '32'} AND caching = {'keys': 'NONE', 'rows_per_partition': '10'} AND "
       "memtable_flush_period_in_ms = 3600000 "
       "AND speculative_retry = '95p' AND min_index_interval = 64 AND max_index_interval = 512");
    ok("CREATE INDEX by_order ON " + ks + ".keys (\"order\")");
    ok("CREATE TABLE " + ks +
       ".counts (k int, c text, n counter, PRIMARY KEY (k, c)) WITH compression = {'enabled': 'false'}");
    ok("CREATE TABLE " + ks + ".only_key (k int, c int, PRIMARY KEY (k, c))");
    ok("CREATE TABLE " + ks + ".compact (k int PRIMARY KEY, b int, a text) WITH COMPACT STORAGE");
    ok("CREATE TABLE " + ks + ".dense (k int, c int, v text, PRIMARY KEY (k, c)) WITH COMPACT STORAGE");
    ok("CREATE TABLE " + ks +
       ".dense_key (k int, c int, d int, PRIMARY KEY (k, c, d)) WITH COMPACT STORAGE AND CLUSTERING ORDER BY (c DESC, "
       "d ASC)");
    if (has_vectors())
        ok("CREATE TABLE " + ks + ".vectors (k int PRIMARY KEY, v vector<float, 3>) WITH allow_auto_snapshot = false");

    const auto first = run(loop_, session_->schema({"Driver_Schema"}));
    ASSERT_TRUE(first && *first) << first->error().message;
    EXPECT_TRUE((*first)->warnings.empty()) << (*first)->warnings.front();
    ASSERT_EQ((*first)->keyspaces.size(), 1U);
    const nodes::Keyspace& before = (*first)->keyspaces.begin()->second;
    ASSERT_EQ(before.tables.size(), has_vectors() ? 8U : 7U);
    EXPECT_EQ(before.types.size(), 2U);
    EXPECT_EQ(before.types.front()->name, "zip");
    const nodes::Table& keys = before.tables.at("keys");
    EXPECT_EQ(keys.gc_grace_seconds, 4711);
    EXPECT_EQ(keys.default_time_to_live, 86400);
    EXPECT_EQ(keys.partition_key_size, 2U);
    EXPECT_EQ(keys.clustering_size, 2U);
    EXPECT_TRUE(keys.columns[2].is_descending);
    EXPECT_EQ(keys.columns[4].name, "s");
    EXPECT_EQ(keys.columns[4].kind, nodes::ColumnKind::static_column);
    EXPECT_TRUE(before.tables.at("counts").is_counter);
    EXPECT_TRUE(before.tables.at("only_key").is_key_only());

    for (const auto& [name, table] : before.tables) {
        const Rows rows = ok("SELECT * FROM " + cql::to_cql(table.full_name()));
        ASSERT_EQ(rows.column_count(), table.columns.size()) << name;
        for (std::size_t i = 0; i < rows.column_count(); ++i)
            EXPECT_EQ(table.columns[i].name, rows.columns()[i].name) << name;
    }

    ok("DROP KEYSPACE " + ks);
    for (const std::string& statement : descriptions(before, **first)) ok(statement);
    const auto second = run(loop_, session_->schema({"Driver_Schema"}));
    ASSERT_TRUE(second && *second) << second->error().message;
    ASSERT_EQ((*second)->keyspaces.size(), 1U);
    const nodes::Keyspace& after = (*second)->keyspaces.begin()->second;
    EXPECT_EQ(before.replication, after.replication);
    EXPECT_EQ(before.durable_writes, after.durable_writes);
    EXPECT_EQ(descriptions(before, **first), descriptions(after, **second));
    for (const auto& [name, table] : before.tables) {
        ASSERT_TRUE(after.tables.contains(name)) << name;
        const nodes::Table& made = after.tables.at(name);
        EXPECT_NE(table.id, made.id);
        EXPECT_EQ(table.options, made.options) << name;
        ASSERT_EQ(table.columns.size(), made.columns.size()) << name;
        for (std::size_t i = 0; i < table.columns.size(); ++i) {
            EXPECT_EQ(table.columns[i].name, made.columns[i].name);
            EXPECT_EQ(table.columns[i].kind, made.columns[i].kind);
            EXPECT_EQ(table.columns[i].type_text, made.columns[i].type_text);
            EXPECT_TRUE(cql::equal(*table.columns[i].type, *made.columns[i].type, true))
                << name << "." << table.columns[i].name;
        }
    }
    ok("DROP KEYSPACE " + ks);
}

TEST_P(Schemas, SelectStarHasTheColumnsInTheSchemasOrder) {
    ok("CREATE TABLE " + table_ +
       " (z int, a int, s2 int static, \"S1\" int static, m int, b text, c int, PRIMARY KEY ((z, a), m))");
    const Rows rows = ok("SELECT * FROM " + table_);
    const auto schema = run(loop_, session_->schema({keyspace_}));
    ASSERT_TRUE(schema && *schema);
    const nodes::Table* const table = (*schema)->find_table(keyspace_, table_.substr(table_.find('.') + 1));
    ASSERT_NE(table, nullptr);
    ASSERT_EQ(table->columns.size(), rows.column_count());
    for (std::size_t i = 0; i < rows.column_count(); ++i) EXPECT_EQ(table->columns[i].name, rows.columns()[i].name);
}

// The first cluster's schema, made on each of the others: 4.1 and 5.0 do not have the same options.
TEST_P(Schemas, AnotherClustersTableCanBeMadeHere) {
    const auto addresses = addresses_in("CROSSFADE_TEST_NODES");
    ok("CREATE TABLE " + table_ +
       " (k int, c text, v int, PRIMARY KEY (k, c)) WITH CLUSTERING ORDER BY (c DESC) AND comment = 'from elsewhere'");
    const auto here = run(loop_, session_->schema({keyspace_}));
    ASSERT_TRUE(here && *here) << here->error().message;
    const std::string name = table_.substr(table_.find('.') + 1);
    for (const std::string& address : addresses) {
        if (address == GetParam().address) continue;
        const auto other =
            run(loop_, Session::connect(loop_, options_for({address, GetParam().version, GetParam().compression})));
        ASSERT_TRUE(other && *other);
        const auto run_there = [&](const std::string& text) {
            const auto rows = run(loop_, (**other)->query(text));
            EXPECT_TRUE(rows && *rows) << text << ": " << rows->error().message;
        };
        const auto there = run(loop_, (**other)->schema({"system"}));
        ASSERT_TRUE(there && *there) << there->error().message;
        const auto description = nodes::describe_table(*(*here)->find_table(keyspace_, name), (*there)->table_options);
        EXPECT_TRUE(description.left_out.empty()) << description.left_out.front();
        run_there(nodes::describe_keyspace(*(*here)->find_keyspace(keyspace_)));
        run_there("DROP TABLE IF EXISTS " + table_);
        run_there(description.text);
        const auto made = run(loop_, (**other)->schema({keyspace_}));
        ASSERT_TRUE(made && *made);
        ASSERT_NE((*made)->find_table(keyspace_, name), nullptr);
        EXPECT_EQ((*made)->find_table(keyspace_, name)->options.at("comment"), "'from elsewhere'");
        run_there("DROP TABLE " + table_);
        (**other)->close();
    }
}

// Schemas are read the same way over every version: once for each cluster is enough.
std::vector<Way> one_way_each() {
    std::vector<Way> ways = all_ways();
    std::erase_if(ways, [](const Way& way) {
        return !way.address.empty() &&
               (way.version != cql::ProtocolVersion::v5 || way.compression != cql::Compression::none);
    });
    return ways;
}

INSTANTIATE_TEST_SUITE_P(RealCassandra, Schemas, ::testing::ValuesIn(one_way_each()),
                         [](const auto& way) { return way.param.name(); });

}  // namespace
}  // namespace crossfade::driver
