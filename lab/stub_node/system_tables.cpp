#include "stub_node/system_tables.hpp"

#include <algorithm>

namespace crossfade::lab {
namespace {

using cql::TypeCode;
using cql::TypePtr;

TypePtr type(TypeCode code) {
    return cql::simple_type(code);
}
const TypePtr& text() {
    static const TypePtr shared = type(TypeCode::varchar);
    return shared;
}
TypePtr text_set() {
    return cql::set_type(text());
}
TypePtr text_map() {
    return cql::map_type(text(), text(), true);
}

std::vector<std::string> texts_of(const std::vector<cql::Token>& tokens) {
    std::vector<std::string> texts;
    for (const cql::Token token : tokens) texts.push_back(std::to_string(token));
    return texts;
}

}  // namespace

SystemTables::SystemTables(const NodeOptions& options, const ClusterView& cluster) {
    add_local(options, cluster);
    add_peers(options, cluster);
    add_schema(options);
    add_empty_schema();
}

SystemTable& SystemTables::add(std::string keyspace, std::string table,
                               std::vector<std::pair<std::string, TypePtr>> columns) {
    SystemTable made;
    for (auto& [name, column_type] : columns)
        made.columns.push_back({keyspace, table, std::move(name), std::move(column_type)});
    tables_.emplace_back(cql::TableName{std::move(keyspace), std::move(table)}, std::move(made));
    return tables_.back().second;
}

void SystemTables::add_local(const NodeOptions& options, const ClusterView& cluster) {
    SystemTable& local = add("system", "local",
                             {{"key", text()},
                              {"bootstrapped", text()},
                              {"broadcast_address", type(TypeCode::inet)},
                              {"broadcast_port", type(TypeCode::int_number)},
                              {"cluster_name", text()},
                              {"cql_version", text()},
                              {"data_center", text()},
                              {"gossip_generation", type(TypeCode::int_number)},
                              {"host_id", type(TypeCode::uuid)},
                              {"listen_address", type(TypeCode::inet)},
                              {"listen_port", type(TypeCode::int_number)},
                              {"native_protocol_version", text()},
                              {"partitioner", text()},
                              {"rack", text()},
                              {"release_version", text()},
                              {"rpc_address", type(TypeCode::inet)},
                              {"rpc_port", type(TypeCode::int_number)},
                              {"schema_version", type(TypeCode::uuid)},
                              {"tokens", text_set()},
                              {"truncated_at", cql::map_type(type(TypeCode::uuid), type(TypeCode::blob))}});
    const Cell address = inet_cell(cluster.self.address.host);
    local.rows.push_back({text_cell("local"),
                          text_cell("COMPLETED"),
                          address,
                          int_cell(7000),
                          text_cell(options.cluster_name),
                          text_cell("3.4.6"),
                          text_cell(options.datacenter),
                          int_cell(1'700'000'000),
                          uuid_cell(cluster.self.host_id),
                          address,
                          int_cell(7000),
                          text_cell(cql::name_of(options.highest_version)),
                          text_cell("org.apache.cassandra.dht.Murmur3Partitioner"),
                          text_cell(options.rack),
                          text_cell(options.release_version),
                          address,
                          int_cell(cluster.self.address.port),
                          uuid_cell(cluster.schema_version),
                          text_set_cell(texts_of(cluster.self.tokens)),
                          std::nullopt});
}

void SystemTables::add_peers(const NodeOptions& options, const ClusterView& cluster) {
    SystemTable peers;
    std::vector<std::vector<Cell>> rows_v2;
    for (const Member& peer : cluster.peers) {
        const Cell address = inet_cell(peer.address.host), id = uuid_cell(peer.host_id),
                   schema = uuid_cell(cluster.schema_version);
        const Cell datacenter = text_cell(options.datacenter), rack = text_cell(options.rack),
                   release = text_cell(options.release_version);
        const Cell tokens = text_set_cell(texts_of(peer.tokens));
        peers.rows.push_back({address, datacenter, id, std::nullopt, rack, release, address, schema, tokens});
        rows_v2.push_back({address, int_cell(7000), datacenter, id, address, int_cell(peer.address.port), std::nullopt,
                           std::nullopt, rack, release, schema, tokens});
    }
    add("system", "peers",
        {{"peer", type(TypeCode::inet)},
         {"data_center", text()},
         {"host_id", type(TypeCode::uuid)},
         {"preferred_ip", type(TypeCode::inet)},
         {"rack", text()},
         {"release_version", text()},
         {"rpc_address", type(TypeCode::inet)},
         {"schema_version", type(TypeCode::uuid)},
         {"tokens", text_set()}})
        .rows = std::move(peers.rows);
    add("system", "peers_v2",
        {{"peer", type(TypeCode::inet)},
         {"peer_port", type(TypeCode::int_number)},
         {"data_center", text()},
         {"host_id", type(TypeCode::uuid)},
         {"native_address", type(TypeCode::inet)},
         {"native_port", type(TypeCode::int_number)},
         {"preferred_ip", type(TypeCode::inet)},
         {"preferred_port", type(TypeCode::int_number)},
         {"rack", text()},
         {"release_version", text()},
         {"schema_version", type(TypeCode::uuid)},
         {"tokens", text_set()}})
        .rows = std::move(rows_v2);
}

void SystemTables::add_schema(const NodeOptions& options) {
    add("system_schema", "keyspaces",
        {{"keyspace_name", text()}, {"durable_writes", type(TypeCode::boolean)}, {"replication", text_map()}})
        .rows.push_back({text_cell("stub"), boolean_cell(true),
                         text_map_cell({{"class", "org.apache.cassandra.locator.NetworkTopologyStrategy"},
                                        {options.datacenter, "1"}})});

    add("system_schema", "tables",
        {{"keyspace_name", text()},
         {"table_name", text()},
         {"additional_write_policy", text()},
         {"bloom_filter_fp_chance", type(TypeCode::double_number)},
         {"caching", text_map()},
         {"cdc", type(TypeCode::boolean)},
         {"comment", text()},
         {"compaction", text_map()},
         {"compression", text_map()},
         {"crc_check_chance", type(TypeCode::double_number)},
         {"dclocal_read_repair_chance", type(TypeCode::double_number)},
         {"default_time_to_live", type(TypeCode::int_number)},
         {"extensions", cql::map_type(text(), type(TypeCode::blob), true)},
         {"flags", cql::set_type(text(), true)},
         {"gc_grace_seconds", type(TypeCode::int_number)},
         {"id", type(TypeCode::uuid)},
         {"max_index_interval", type(TypeCode::int_number)},
         {"memtable", text()},
         {"memtable_flush_period_in_ms", type(TypeCode::int_number)},
         {"min_index_interval", type(TypeCode::int_number)},
         {"read_repair", text()},
         {"read_repair_chance", type(TypeCode::double_number)},
         {"speculative_retry", text()}})
        .rows.push_back(
            {text_cell("stub"),
             text_cell("kv"),
             text_cell("99p"),
             double_cell(0.01),
             text_map_cell({{"keys", "ALL"}, {"rows_per_partition", "NONE"}}),
             std::nullopt,
             text_cell(""),
             text_map_cell({{"class", "org.apache.cassandra.db.compaction.SizeTieredCompactionStrategy"},
                            {"max_threshold", "32"},
                            {"min_threshold", "4"}}),
             text_map_cell({{"chunk_length_in_kb", "16"}, {"class", "org.apache.cassandra.io.compress.LZ4Compressor"}}),
             double_cell(1.0),
             double_cell(0.0),
             int_cell(0),
             text_map_cell({}),
             text_set_cell({"compound"}),
             int_cell(864000),
             uuid_cell(uuid_from(options.cluster_name + " stub.kv")),
             int_cell(2048),
             std::nullopt,
             int_cell(0),
             int_cell(128),
             text_cell("BLOCKING"),
             double_cell(0.0),
             text_cell("99p")});

    SystemTable& columns = add("system_schema", "columns",
                               {{"keyspace_name", text()},
                                {"table_name", text()},
                                {"column_name", text()},
                                {"clustering_order", text()},
                                {"column_name_bytes", type(TypeCode::blob)},
                                {"kind", text()},
                                {"position", type(TypeCode::int_number)},
                                {"type", text()}});
    const auto add_column = [&columns](const char* name, const char* kind, std::int32_t position,
                                       std::string_view column_type) {
        columns.rows.push_back({text_cell("stub"), text_cell("kv"), text_cell(name), text_cell("none"), text_cell(name),
                                text_cell(kind), int_cell(position), text_cell(column_type)});
    };
    add_column("k", "partition_key", 0, options.key_type == TypeCode::bigint ? "bigint" : "text");
    add_column("v", "regular", -1, "blob");
}

void SystemTables::add_empty_schema() {
    const TypePtr text_list = cql::list_type(text(), true);
    add("system_schema", "dropped_columns",
        {{"keyspace_name", text()},
         {"table_name", text()},
         {"column_name", text()},
         {"dropped_time", type(TypeCode::timestamp)},
         {"kind", text()},
         {"type", text()}});
    add("system_schema", "types",
        {{"keyspace_name", text()}, {"type_name", text()}, {"field_names", text_list}, {"field_types", text_list}});
    add("system_schema", "functions",
        {{"keyspace_name", text()},
         {"function_name", text()},
         {"argument_types", text_list},
         {"argument_names", text_list},
         {"body", text()},
         {"called_on_null_input", type(TypeCode::boolean)},
         {"language", text()},
         {"return_type", text()}});
    add("system_schema", "aggregates",
        {{"keyspace_name", text()},
         {"aggregate_name", text()},
         {"argument_types", text_list},
         {"final_func", text()},
         {"initcond", text()},
         {"return_type", text()},
         {"state_func", text()},
         {"state_type", text()}});
    add("system_schema", "triggers",
        {{"keyspace_name", text()}, {"table_name", text()}, {"trigger_name", text()}, {"options", text_map()}});
    add("system_schema", "indexes",
        {{"keyspace_name", text()},
         {"table_name", text()},
         {"index_name", text()},
         {"kind", text()},
         {"options", text_map()}});
    add("system_schema", "views",
        {{"keyspace_name", text()},
         {"view_name", text()},
         {"base_table_id", type(TypeCode::uuid)},
         {"base_table_name", text()},
         {"include_all_columns", type(TypeCode::boolean)},
         {"where_clause", text()}});
    add("system_virtual_schema", "keyspaces", {{"keyspace_name", text()}});
    add("system_virtual_schema", "tables", {{"keyspace_name", text()}, {"table_name", text()}, {"comment", text()}});
    add("system_virtual_schema", "columns",
        {{"keyspace_name", text()},
         {"table_name", text()},
         {"column_name", text()},
         {"clustering_order", text()},
         {"column_name_bytes", type(TypeCode::blob)},
         {"kind", text()},
         {"position", type(TypeCode::int_number)},
         {"type", text()}});
}

const SystemTable* SystemTables::find(const cql::TableName& name) const {
    const auto found =
        std::find_if(tables_.begin(), tables_.end(), [&name](const auto& table) { return table.first == name; });
    return found == tables_.end() ? nullptr : &found->second;
}

}  // namespace crossfade::lab
