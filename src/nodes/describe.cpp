#include "nodes/describe.hpp"

#include <algorithm>

#include "nodes/table_options.hpp"

namespace crossfade::nodes {
namespace {

std::string list_of(const Table& table, std::size_t from, std::size_t count) {
    std::string names;
    for (std::size_t i = from; i < from + count; ++i)
        names += (i == from ? "" : ", ") + cql::quoted(table.columns[i].name);
    return names;
}

std::string primary_key(const Table& table) {
    std::string key = list_of(table, 0, table.partition_key_size);
    if (table.partition_key_size > 1) key = "(" + key + ")";
    if (table.clustering_size > 0) key += ", " + list_of(table, table.partition_key_size, table.clustering_size);
    return "PRIMARY KEY (" + key + ")";
}

std::string clustering_order(const Table& table) {
    std::string order;
    bool is_any_descending = false;
    for (const Column& column : table.columns) {
        if (column.kind != ColumnKind::clustering) continue;
        order += (order.empty() ? "" : ", ") + cql::quoted(column.name) + (column.is_descending ? " DESC" : " ASC");
        is_any_descending = is_any_descending || column.is_descending;
    }
    return is_any_descending ? "CLUSTERING ORDER BY (" + order + ")" : "";
}

}  // namespace

std::string describe_keyspace(const Keyspace& keyspace, const std::map<std::string, std::string>* replication) {
    return "CREATE KEYSPACE IF NOT EXISTS " + cql::quoted(keyspace.name) +
           " WITH replication = " + literal(replication != nullptr ? *replication : keyspace.replication) +
           " AND durable_writes = " + (keyspace.durable_writes ? "true" : "false");
}

std::string describe_type(const cql::Type& udt) {
    std::string fields;
    for (std::size_t i = 0; i < udt.field_names.size(); ++i)
        fields += (i == 0 ? "" : ", ") + cql::quoted(udt.field_names[i]) + " " + cql::to_cql(*udt.parameters[i]);
    return "CREATE TYPE IF NOT EXISTS " + cql::quoted(udt.keyspace) + "." + cql::quoted_type_name(udt.name) + " (" +
           fields + ")";
}

TableDescription describe_table(const Table& table, const std::set<std::string>& known_options) {
    TableDescription description;
    std::string& text = description.text;
    text = "CREATE TABLE IF NOT EXISTS " + cql::to_cql(table.full_name()) + " (";
    for (const Column& column : table.columns)
        text += cql::quoted(column.name) + " " + column.type_text +
                (column.kind == ColumnKind::static_column ? " static" : "") + ", ";
    text += primary_key(table) + ")";

    std::string_view between = " WITH ";
    const auto add = [&](std::string_view clause) {
        if (clause.empty()) return;
        text += between;
        text += clause;
        between = " AND ";
    };
    if (table.is_compact_storage) add("COMPACT STORAGE");
    add(clustering_order(table));
    for (const auto& [name, value] : table.options) {
        if (known_options.contains(name)) {
            if (!is_default_option(name, value)) add(name + " = " + value);
        } else if (!is_default_option(name, value)) {
            description.left_out.push_back(name);
        }
    }
    return description;
}

std::string describe_index(const Table& table, const Index& index) {
    const auto option = [&](const char* name) {
        const auto found = index.options.find(name);
        return found == index.options.end() ? std::string() : found->second;
    };
    const std::string on =
        cql::quoted(index.name) + " ON " + cql::to_cql(table.full_name()) + " (" + option("target") + ")";
    if (index.kind != "CUSTOM") return "CREATE INDEX IF NOT EXISTS " + on;
    std::map<std::string, std::string> rest = index.options;
    rest.erase("target");
    rest.erase("class_name");
    std::string text = "CREATE CUSTOM INDEX IF NOT EXISTS " + on + " USING " + literal(option("class_name"));
    return rest.empty() ? text : text + " WITH OPTIONS = " + literal(rest);
}

}  // namespace crossfade::nodes
