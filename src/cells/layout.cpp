#include "cells/layout.hpp"

#include <algorithm>

namespace crossfade::cells {
namespace {

Shape shape_of(const cql::Type& type) {
    if (!cql::is_multi_cell(type)) return Shape::single;
    switch (type.code) {
        case cql::TypeCode::set:
            return Shape::set;
        case cql::TypeCode::map:
            return Shape::map;
        case cql::TypeCode::list:
            return Shape::list;
        default:
            return Shape::udt;
    }
}

void add_column(Layout& layout, const nodes::Column& column) {
    LayoutColumn made;
    made.name = column.name;
    made.type = column.type;
    switch (column.kind) {
        case nodes::ColumnKind::partition_key:
            layout.partition_key.push_back(std::move(made));
            return;
        case nodes::ColumnKind::clustering:
            layout.clustering.push_back(std::move(made));
            return;
        case nodes::ColumnKind::static_column:
            made.shape = shape_of(*column.type);
            layout.statics.push_back(std::move(made));
            return;
        case nodes::ColumnKind::regular:
            made.shape = shape_of(*column.type);
            layout.regulars.push_back(std::move(made));
            return;
    }
}

base::Result<Layout> begun_layout(const nodes::Table& table) {
    if (table.is_view)
        return base::fail(base::ErrorKind::bad_input, cql::to_cql(table.full_name()) + " is a materialized view of " +
                                                          cql::quoted(table.base_table) +
                                                          "; the server fills it from that table");
    if (table.partition_key_size == 0)
        return base::fail(base::ErrorKind::bad_input,
                          cql::to_cql(table.full_name()) + " has no partition key that could be read");
    Layout layout;
    layout.table = table.full_name();
    layout.is_counter = table.is_counter;
    return layout;
}

}  // namespace

bool Layout::has_lists() const {
    const auto is_list = [](const LayoutColumn& column) { return column.shape == Shape::list; };
    return std::any_of(statics.begin(), statics.end(), is_list) ||
           std::any_of(regulars.begin(), regulars.end(), is_list);
}

base::Result<Layout> layout_of(const nodes::Table& table) {
    auto layout = begun_layout(table);
    if (!layout) return layout;
    for (const nodes::Column& column : table.columns) add_column(*layout, column);
    return layout;
}

base::Result<Layout> common_layout(const nodes::Table& table, const nodes::Table& other) {
    auto layout = begun_layout(table);
    if (!layout) return layout;
    for (const nodes::Column& column : table.columns) {
        const nodes::Column* const twin = other.find_column(column.name);
        const bool is_key =
            column.kind == nodes::ColumnKind::partition_key || column.kind == nodes::ColumnKind::clustering;
        if (twin != nullptr && twin->kind == column.kind && (!is_key || twin->position == column.position)) {
            add_column(*layout, column);
        } else if (is_key) {
            return base::fail(base::ErrorKind::bad_input,
                              cql::to_cql(layout->table) +
                                  ": the primary keys differ between the clusters, at column " +
                                  cql::quoted(column.name));
        }
    }
    if (table.partition_key_size != other.partition_key_size || table.clustering_size != other.clustering_size)
        return base::fail(base::ErrorKind::bad_input,
                          cql::to_cql(layout->table) + ": the primary keys have different columns on the two clusters");
    return layout;
}

bool Readability::is_complete() const {
    const auto is_true = [](bool one) { return one; };
    return std::all_of(statics.begin(), statics.end(), is_true) &&
           std::all_of(regulars.begin(), regulars.end(), is_true);
}

Readability hoped_for(const Layout& layout) {
    Readability all;
    all.statics.assign(layout.statics.size(), !layout.is_counter);
    all.regulars.assign(layout.regulars.size(), !layout.is_counter);
    return all;
}

}  // namespace crossfade::cells
