#include "nodes/schema.hpp"

#include <algorithm>

namespace crossfade::nodes {

const Column* Table::find_column(std::string_view column) const {
    const auto found =
        std::find_if(columns.begin(), columns.end(), [&](const Column& one) { return one.name == column; });
    return found == columns.end() ? nullptr : &*found;
}

bool Table::has_static_columns() const {
    return std::any_of(columns.begin(), columns.end(),
                       [](const Column& one) { return one.kind == ColumnKind::static_column; });
}

bool Table::is_key_only() const {
    return columns.size() == partition_key_size + clustering_size;
}

cql::TypePtr Keyspace::find_type(std::string_view type) const {
    const auto found =
        std::find_if(types.begin(), types.end(), [&](const cql::TypePtr& one) { return one->name == type; });
    return found == types.end() ? nullptr : *found;
}

const Keyspace* Schema::find_keyspace(std::string_view name) const {
    const auto found = keyspaces.find(name);
    return found == keyspaces.end() ? nullptr : &found->second;
}

const Table* Schema::find_table(std::string_view keyspace, std::string_view table) const {
    const Keyspace* const in = find_keyspace(keyspace);
    if (in == nullptr) return nullptr;
    if (const auto found = in->tables.find(table); found != in->tables.end()) return &found->second;
    const auto view = in->views.find(table);
    return view == in->views.end() ? nullptr : &view->second;
}

}  // namespace crossfade::nodes
