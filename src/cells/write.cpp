#include "cells/write.hpp"

#include <algorithm>

#include "cql/statement.hpp"

namespace crossfade::cells {
namespace {

using Kind = Write::Kind;

bool is_written(const Write& write, std::size_t slot, bool has_unset) {
    return has_unset || !write.values[slot].is_unset();
}

std::string where(const Layout& layout, bool of_statics) {
    std::string text;
    const auto restrict_to = [&text](const std::vector<LayoutColumn>& columns) {
        for (const LayoutColumn& column : columns)
            text += (text.empty() ? " WHERE " : " AND ") + cql::quoted(column.name) + " = ?";
    };
    restrict_to(layout.partition_key);
    if (!of_statics) restrict_to(layout.clustering);
    return text;
}

std::string insert_text(const Layout& layout, const Write& write, bool has_unset) {
    std::string names, markers;
    const auto add = [&](const LayoutColumn& column) {
        names += (names.empty() ? "" : ", ") + cql::quoted(column.name);
        markers += markers.empty() ? "?" : ", ?";
    };
    for (const LayoutColumn& column : layout.partition_key) add(column);
    for (const LayoutColumn& column : layout.clustering) add(column);
    const auto all = slots(layout, Kind::insert_row, false);
    for (std::size_t i = 0; i < all.size(); ++i)
        if (is_written(write, i, has_unset)) add(layout.regulars[all[i].column]);
    return "INSERT INTO " + cql::to_cql(layout.table) + " (" + names + ") VALUES (" + markers +
           ") USING TTL ? AND TIMESTAMP ?";
}

std::string assignment(const LayoutColumn& column, const Slot& slot, Kind kind) {
    const std::string name = cql::quoted(column.name);
    if (slot.field >= 0)
        return name + "." + cql::quoted(column.type->field_names[static_cast<std::size_t>(slot.field)]) + " = ?";
    const bool adds = kind == Kind::add || column.shape == Shape::set || column.shape == Shape::map;
    return adds ? name + " = " + name + " + ?" : name + " = ?";
}

std::string update_text(const Layout& layout, const Write& write, const std::string& assignments) {
    const std::string stamps = write.kind == Kind::add ? "" : " USING TTL ? AND TIMESTAMP ?";
    return "UPDATE " + cql::to_cql(layout.table) + stamps + " SET " + assignments + where(layout, write.of_statics);
}

std::string slots_text(const Layout& layout, const Write& write, bool has_unset) {
    std::string assignments;
    const auto all = slots(layout, write.kind, write.of_statics);
    for (std::size_t i = 0; i < all.size(); ++i) {
        if (!is_written(write, i, has_unset)) continue;
        assignments += (assignments.empty() ? "" : ", ") +
                       assignment(layout.cells(write.of_statics)[all[i].column], all[i], write.kind);
    }
    return update_text(layout, write, assignments);
}

std::string delete_text(const Layout& layout, const Write& write) {
    std::string what;
    if (write.kind != Kind::delete_row) {
        const LayoutColumn& column = layout.cells(write.of_statics)[write.column];
        what = cql::quoted(column.name);
        if (write.kind == Kind::delete_place) what += "[?]";
        if (write.kind == Kind::delete_element)
            what += column.shape == Shape::udt ? "." + cql::quoted(column.type->field_names[field_of(write.element)])
                                               : "[?]";
        what += " ";
    }
    return "DELETE " + what + "FROM " + cql::to_cql(layout.table) + " USING TIMESTAMP ?" +
           where(layout, write.of_statics);
}

cql::ValueView bytes_value(ByteView bytes) {
    return {cql::ValueView::State::bytes, bytes};
}

}  // namespace

std::vector<Slot> slots(const Layout& layout, Kind kind, bool of_statics) {
    std::vector<Slot> all;
    const auto& columns = layout.cells(of_statics);
    for (std::uint32_t i = 0; i < columns.size(); ++i) {
        const Shape shape = columns[i].shape;
        if (kind == Kind::insert_row && shape != Shape::single) continue;
        if (kind == Kind::update && shape == Shape::list) continue;
        if (kind == Kind::update && shape == Shape::udt) {
            for (std::size_t field = 0; field < columns[i].type->parameters.size(); ++field)
                all.push_back({i, static_cast<std::int32_t>(field)});
            continue;
        }
        all.push_back({i, -1});
    }
    return all;
}

std::string write_text(const Layout& layout, const Write& write, bool has_unset) {
    switch (write.kind) {
        case Kind::insert_row:
            return insert_text(layout, write, has_unset);
        case Kind::update:
        case Kind::add:
            return slots_text(layout, write, has_unset);
        case Kind::append:
        case Kind::prepend:
        case Kind::overwrite:
            break;
        case Kind::delete_row:
        case Kind::delete_column:
        case Kind::delete_element:
        case Kind::delete_place:
            return delete_text(layout, write);
    }
    const std::string name = cql::quoted(layout.cells(write.of_statics)[write.column].name);
    if (write.kind == Kind::append) return update_text(layout, write, name + " = " + name + " + ?");
    if (write.kind == Kind::prepend) return update_text(layout, write, name + " = ? + " + name);
    return update_text(layout, write, name + " = ?");
}

std::vector<cql::ValueView> bound_values(const Layout& layout, const PartitionKey& key, const Write& write,
                                         bool has_unset, std::int64_t now,
                                         std::deque<std::array<std::uint8_t, 8>>& numbers) {
    std::vector<cql::ValueView> bound;
    bound.reserve(key.components.size() + layout.clustering.size() + write.values.size() + 3);
    const auto add_key = [&] {
        for (const ByteView component : key.components) bound.push_back(bytes_value(component));
        if (write.of_statics) return;
        for (const ByteView component : *write.clustering) bound.push_back(bytes_value(component));
    };
    const auto add_values = [&] {
        for (std::size_t i = 0; i < write.values.size(); ++i)
            if (is_written(write, i, has_unset)) bound.push_back(write.values[i]);
    };
    const auto add_timestamp = [&] {
        auto& bytes = numbers.emplace_back();
        for (std::size_t i = 0; i < 8; ++i) bytes[i] = static_cast<std::uint8_t>(write.timestamp >> (56 - 8 * i));
        bound.push_back(bytes_value(bytes));
    };
    const auto add_ttl = [&] {
        const std::int64_t ttl = write.expires_at == 0 ? 0 : std::max<std::int64_t>(write.expires_at - now, 1);
        auto& bytes = numbers.emplace_back();
        cql::store_int(bytes.data(), static_cast<std::uint32_t>(std::min<std::int64_t>(ttl, INT32_MAX)));
        bound.push_back(bytes_value(ByteView(bytes).first(4)));
    };
    switch (write.kind) {
        case Kind::insert_row:
            add_key();
            add_values();
            add_ttl();
            add_timestamp();
            break;
        case Kind::update:
        case Kind::append:
        case Kind::prepend:
        case Kind::overwrite:
            add_ttl();
            add_timestamp();
            add_values();
            add_key();
            break;
        case Kind::add:
            add_values();
            add_key();
            break;
        case Kind::delete_place:
        case Kind::delete_element:
            if (layout.cells(write.of_statics)[write.column].shape != Shape::udt)
                bound.push_back(bytes_value(write.element));
            [[fallthrough]];
        case Kind::delete_row:
        case Kind::delete_column:
            add_timestamp();
            add_key();
            break;
    }
    return bound;
}

std::size_t byte_count(const Write& write) {
    std::size_t count = 64 + write.element.size();
    for (const cql::ValueView& value : write.values) count += 4 + value.bytes.size();
    if (write.clustering != nullptr)
        for (const ByteView component : *write.clustering) count += 4 + component.size();
    return count;
}

}  // namespace crossfade::cells
