#include "cells/row_key.hpp"

#include "base/json_text.hpp"
#include "cql/literal.hpp"
#include "cql/statement.hpp"

namespace crossfade::cells {
namespace {

// Calls `visit(column, bytes)` for each key column.
template <class Visit>
void for_each_component(const Layout& layout, const RowKey& key, Visit&& visit) {
    for (std::size_t i = 0; i < key.partition.size() && i < layout.partition_key.size(); ++i)
        visit(layout.partition_key[i], key.partition[i]);
    for (std::size_t i = 0; i < key.clustering.size() && i < layout.clustering.size(); ++i)
        visit(layout.clustering[i], key.clustering[i]);
}

}  // namespace

RowKey::RowKey(bool statics, const PartitionKey& key, const std::vector<ByteView>& row_clustering)
    : of_statics(statics), token(key.token) {
    for (const ByteView component : key.components) partition.emplace_back(component.begin(), component.end());
    for (const ByteView component : row_clustering) clustering.emplace_back(component.begin(), component.end());
}

PartitionKey RowKey::partition_key() const {
    PartitionKey key;
    key.token = token;
    key.components.assign(partition.begin(), partition.end());
    return key;
}

std::vector<ByteView> RowKey::clustering_views() const {
    return {clustering.begin(), clustering.end()};
}

std::string to_cql(const Layout& layout, const RowKey& key) {
    std::string text;
    for_each_component(layout, key, [&](const LayoutColumn& column, const Bytes& bytes) {
        auto literal = cql::to_literal(*column.type, bytes);
        // What has no literal is shown all the same: this is for people.
        text += (text.empty() ? "" : " AND ") + cql::quoted(column.name) + " = " +
                (literal ? *literal : cql::to_json(*column.type, bytes));
    });
    return text;
}

std::string to_json(const Layout& layout, const RowKey& key) {
    base::JsonObject object;
    for_each_component(layout, key, [&](const LayoutColumn& column, const Bytes& bytes) {
        object.raw(column.name, cql::to_json(*column.type, bytes));
    });
    return object.text();
}

}  // namespace crossfade::cells
