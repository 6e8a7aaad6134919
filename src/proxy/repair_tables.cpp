#include "proxy/repair_tables.hpp"

#include <set>

#include "cql/value.hpp"
#include "nodes/clock_reading.hpp"
#include "proxy/facts.hpp"

namespace crossfade::proxy {
namespace {

constexpr std::chrono::seconds known_for{30};

// A truncation record: the commit log's position (8 + 4 bytes), then milliseconds since 1970
// (SystemKeyspace.truncationAsMapEntry, 3.0 to 5.0).
constexpr std::size_t truncation_time_offset = 12;

TableOnSide facts_of(const nodes::Table& table, const std::map<nodes::Uuid, std::int64_t>& truncated,
                     std::int64_t clock_offset_us) {
    TableOnSide facts;
    facts.exists = true;
    facts.is_counter = table.is_counter;
    facts.gc_grace_s = table.gc_grace_seconds;
    facts.default_ttl = table.default_time_to_live;
    if (const std::int64_t made = created_us(table.id); made != 0) facts.created_us = made - clock_offset_us;
    if (const auto emptied = truncated.find(table.id); emptied != truncated.end())
        facts.truncated_us = emptied->second - clock_offset_us;
    return facts;
}

base::Error of_side(std::size_t side, base::Error error) {
    error.message = std::string(cluster_names[side]) + ": " + error.message;
    return error;
}

}  // namespace

std::int64_t created_us(const nodes::Uuid& table_id) {
    const bool is_time_based = (table_id[6] >> 4) == 1;
    return is_time_based ? nodes::microseconds_of_timeuuid(table_id) : 0;
}

std::map<nodes::Uuid, std::int64_t> truncations(base::ByteView truncated_at) {
    std::map<nodes::Uuid, std::int64_t> found;
    static const cql::TypePtr type =
        cql::map_type(cql::simple_type(cql::TypeCode::uuid), cql::simple_type(cql::TypeCode::blob));
    const auto value = cql::decode(*type, truncated_at);
    const auto* const map = value ? value->find<cql::Mapping>() : nullptr;
    if (!map) return found;
    for (const cql::MapEntry& entry : map->entries) {
        const auto* const id = entry.key.find<cql::Uuid>();
        const auto* const record = entry.value.find<base::Bytes>();
        if (!id || !record || record->size() < truncation_time_offset + 8) continue;
        cql::Reader in(base::ByteView(*record).subspan(truncation_time_offset));
        found[*id] = in.long_number() * 1000;
    }
    return found;
}

base::Task<base::Result<void>> RepairTables::learn(std::vector<cql::TableName> tables) {
    std::set<std::string> names;
    for (const cql::TableName& table : tables) names.insert(table.keyspace);
    const auto now = std::chrono::steady_clock::now();
    for (const std::string& name : names) {
        const auto known = keyspaces_.find(name);
        if (known != keyspaces_.end() && now - known->second.read_at < known_for) continue;
        auto read = co_await read_keyspace(name);
        if (!read) co_return base::fail(std::move(read.error()));
    }
    co_return base::Result<void>();
}

base::Task<base::Result<void>> RepairTables::read_keyspace(std::string name) {
    Known known;
    for (std::size_t side = 0; side < sessions_.size(); ++side) {
        co_await read_truncations(side);
        const std::vector<std::string> names{name};
        auto schema = co_await sessions_[side]->schema(names);
        if (!schema) co_return base::fail(of_side(side, std::move(schema.error())));
        known.schema[side] = std::move(*schema);
        if (const nodes::Keyspace* const keyspace = known.schema[side].find_keyspace(name)) {
            for (const auto& [table_name, table] : keyspace->tables) {
                TableOnSide& facts = known.tables[table_name][side];
                facts = facts_of(table, truncated_[side], clock_offset_us_[side]);
                facts.knows_truncations = knows_truncations_[side];
            }
        }
    }
    known.read_at = std::chrono::steady_clock::now();
    keyspaces_[name] = std::move(known);
    co_return base::Result<void>();
}

// Where it cannot be read (a service that hides it), nothing is known to have been emptied.
base::Task<void> RepairTables::read_truncations(std::size_t side) {
    const auto clock = co_await sessions_[side]->measure_clock();
    if (clock) clock_offset_us_[side] = clock->offset_us;
    const std::string text = "SELECT truncated_at FROM system.local";
    const auto rows = co_await sessions_[side]->query(text);
    knows_truncations_[side] = rows.has_value();
    if (!rows) co_return;
    truncated_[side].clear();
    for (driver::RowCursor row = rows->first(); row; row.next()) {
        if (!row.cell(0).is_null()) truncated_[side] = truncations(row.cell(0).bytes);
    }
}

const TableOnSides& RepairTables::find(const cql::TableName& name) const {
    static const TableOnSides nowhere{};
    const auto known = keyspaces_.find(name.keyspace);
    if (known == keyspaces_.end()) return nowhere;
    const auto table = known->second.tables.find(name.table);
    return table == known->second.tables.end() ? nowhere : table->second;
}

const nodes::Keyspace* RepairTables::keyspace(std::size_t side, const std::string& name) const {
    const auto known = keyspaces_.find(name);
    return known == keyspaces_.end() ? nullptr : known->second.schema[side].find_keyspace(name);
}

const nodes::Table* RepairTables::table(std::size_t side, const cql::TableName& name) const {
    const nodes::Keyspace* const found = keyspace(side, name.keyspace);
    if (!found) return nullptr;
    const auto table = found->tables.find(name.table);
    return table == found->tables.end() ? nullptr : &table->second;
}

}  // namespace crossfade::proxy
