// Rows for tests of this directory, made by hand, and one partition's cells as a server keeps them: writes in, rows
// out.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "cells/cell.hpp"
#include "cells/layout.hpp"
#include "cells/write.hpp"
#include "cql/scalars.hpp"

namespace crossfade::cells {

inline Bytes text(std::string_view value) {
    return {value.begin(), value.end()};
}
inline Bytes number(std::int32_t value) {
    Bytes bytes;
    cql::encode_int(bytes, value);
    return bytes;
}
inline Bytes count(std::int64_t value) {
    Bytes bytes;
    cql::encode_bigint(bytes, value);
    return bytes;
}
inline Bytes field(std::size_t index) {
    return {field_key(index).begin(), field_key(index).end()};
}

// ks.t (k int, c int, v text, w int, s set<text>, m map<text, text>, l list<text>, u point, PRIMARY KEY (k, c)) with
// static columns sv text and ss set<text>; point has x int and y int.
inline std::shared_ptr<const Layout> sample_layout() {
    using cql::TypeCode;
    const auto of = [](const char* name, cql::TypePtr type, Shape shape) {
        LayoutColumn column;
        column.name = name;
        column.type = std::move(type);
        column.shape = shape;
        return column;
    };
    const auto a_text = cql::simple_type(TypeCode::varchar), an_int = cql::simple_type(TypeCode::int_number);
    auto layout = std::make_shared<Layout>();
    layout->table = {"ks", "t"};
    layout->partition_key = {of("k", an_int, Shape::single)};
    layout->clustering = {of("c", an_int, Shape::single)};
    layout->statics = {of("ss", cql::set_type(a_text), Shape::set), of("sv", a_text, Shape::single)};
    layout->regulars = {of("l", cql::list_type(a_text), Shape::list),
                        of("m", cql::map_type(a_text, a_text), Shape::map),
                        of("s", cql::set_type(a_text), Shape::set),
                        of("u", cql::udt_type("ks", "point", {"x", "y"}, {an_int, an_int}), Shape::udt),
                        of("v", a_text, Shape::single),
                        of("w", an_int, Shape::single)};
    return layout;
}
enum : std::uint32_t { column_l, column_m, column_s, column_u, column_v, column_w };
enum : std::uint32_t { static_ss, static_sv };

// A row that owns its bytes. Atoms may be added in any order of columns.
class TestRow {
public:
    explicit TestRow(const Layout& layout, bool of_statics = false, std::int32_t clustering = 1)
        : columns_(layout.cells(of_statics).size()) {
        if (!of_statics && !layout.clustering.empty()) row_.clustering.push_back(keep(number(clustering)));
    }
    TestRow(TestRow&&) = default;
    TestRow& operator=(TestRow&&) = default;

    TestRow& add(std::uint32_t column, Bytes key, Bytes value, std::int64_t writetime, std::int64_t expires_at = 0) {
        Atom atom;
        atom.key = keep(std::move(key));
        atom.value = keep(std::move(value));
        atom.stamp = {true, writetime, expires_at};
        columns_[column].push_back(atom);
        return *this;
    }
    TestRow& add_unknown(std::uint32_t column, Bytes key, Bytes value) {
        add(column, std::move(key), std::move(value), 0);
        columns_[column].back().stamp = Stamp();
        return *this;
    }
    const Row& row() {
        row_.atoms.clear();
        row_.ends.clear();
        for (const auto& column : columns_) {
            row_.atoms.insert(row_.atoms.end(), column.begin(), column.end());
            row_.ends.push_back(static_cast<std::uint32_t>(row_.atoms.size()));
        }
        return row_;
    }
    Row& raw() {
        row();
        return row_;
    }

private:
    ByteView keep(Bytes bytes) { return bytes_.emplace_back(std::move(bytes)); }

    std::deque<Bytes> bytes_;
    std::vector<std::vector<Atom>> columns_;
    Row row_;
};

// One row (or one partition's statics) as a server keeps it: the newer stamp wins, of equal stamps a deletion, then the
// greater value. Reads are as of a moment at which nothing has expired.
class ServerRow {
public:
    ServerRow(std::shared_ptr<const Layout> layout, bool of_statics)
        : layout_(std::move(layout)), of_statics_(of_statics) {}

    void apply(const Write& write) {
        const auto& columns = layout_->cells(of_statics_);
        switch (write.kind) {
            case Write::Kind::insert_row:
                marker_ = std::max(marker_.value_or(INT64_MIN), write.timestamp);
                [[fallthrough]];
            case Write::Kind::update:
                apply_slots(write);
                return;
            case Write::Kind::append:
            case Write::Kind::prepend:
                add_elements(write);
                return;
            case Write::Kind::overwrite:
                if (columns[write.column].shape != Shape::single)
                    deleted_columns_[write.column] = std::max(column_deletion(write.column), write.timestamp - 1);
                if (columns[write.column].shape == Shape::list)
                    add_elements(write);
                else
                    put(write.column, {}, owned(write.values[0].bytes), write);
                return;
            case Write::Kind::delete_row:
                row_deletion_ = std::max(row_deletion_, write.timestamp);
                return;
            case Write::Kind::delete_column:
                if (columns[write.column].shape == Shape::single)
                    remove(write.column, {}, write.timestamp);
                else
                    deleted_columns_[write.column] = std::max(column_deletion(write.column), write.timestamp);
                return;
            case Write::Kind::delete_element:
                remove(write.column, owned(write.element), write.timestamp);
                return;
            case Write::Kind::delete_place: {
                const auto alive = places(write.column);
                const auto place = static_cast<std::size_t>(cql::Reader(write.element).int_number());
                if (place < alive.size()) remove(write.column, alive[place], write.timestamp);
                return;
            }
            case Write::Kind::add:
                return;
        }
    }
    void apply(const std::vector<Write>& writes) {
        for (const Write& write : writes) apply(write);
    }

    bool is_there() const { return (marker_ && *marker_ > row_deletion_) || !alive_cells().empty(); }

    // As a SELECT reads it. `tells` is which columns tell their stamps.
    TestRow read(const std::vector<bool>& tells) const {
        TestRow row(*layout_, of_statics_);
        const auto& columns = layout_->cells(of_statics_);
        for (const auto& [name, cell] : alive_cells()) {
            const auto& [column, key] = name;
            const Bytes shown = columns[column].shape == Shape::list ? Bytes() : key;
            if (tells[column])
                row.add(column, shown, cell.value, cell.writetime, cell.expires_at);
            else
                row.add_unknown(column, shown, cell.value);
        }
        return row;
    }

private:
    using Name = std::pair<std::uint32_t, Bytes>;
    struct Cell {
        Bytes value;
        std::int64_t writetime = 0, expires_at = 0;
    };
    static Bytes owned(ByteView bytes) { return {bytes.begin(), bytes.end()}; }
    std::int64_t column_deletion(std::uint32_t column) const {
        const auto found = deleted_columns_.find(column);
        return found == deleted_columns_.end() ? INT64_MIN : found->second;
    }
    void put(std::uint32_t column, Bytes key, Bytes value, const Write& write) {
        Cell cell{std::move(value), write.timestamp, write.expires_at};
        const auto [at, is_new] = cells_.try_emplace({column, std::move(key)}, cell);
        if (is_new) return;
        const Cell& old = at->second;
        if (std::tie(cell.writetime, cell.value) > std::tie(old.writetime, old.value)) at->second = cell;
    }
    void remove(std::uint32_t column, const Bytes& key, std::int64_t timestamp) {
        auto& at = deleted_cells_.try_emplace({column, key}, INT64_MIN).first->second;
        at = std::max(at, timestamp);
    }
    std::map<Name, Cell> alive_cells() const {
        std::map<Name, Cell> alive;
        for (const auto& [name, cell] : cells_) {
            const auto deleted = deleted_cells_.find(name);
            const std::int64_t until = std::max({row_deletion_, column_deletion(name.first),
                                                 deleted == deleted_cells_.end() ? INT64_MIN : deleted->second});
            if (cell.writetime > until) alive.emplace(name, cell);
        }
        return alive;
    }
    std::vector<Bytes> places(std::uint32_t column) const {
        std::vector<Bytes> names;
        for (const auto& [name, cell] : alive_cells())
            if (name.first == column) names.push_back(name.second);
        return names;
    }
    // New elements get names that sort behind, or before, all others that were ever there.
    void add_elements(const Write& write) {
        cql::Reader in(write.values[0].bytes);
        const std::int32_t size = in.int_number();
        std::int64_t name = write.kind == Write::Kind::prepend ? next_before_ -= size : next_behind_;
        if (write.kind != Write::Kind::prepend) next_behind_ += size;
        for (std::int32_t i = 0; i < size; ++i) put(write.column, count(name++), owned(in.bytes()), write);
    }
    void apply_slots(const Write& write) {
        const auto all = slots(*layout_, write.kind, of_statics_);
        for (std::size_t i = 0; i < all.size(); ++i) {
            if (write.values[i].is_unset()) continue;
            const LayoutColumn& column = layout_->cells(of_statics_)[all[i].column];
            const ByteView value = write.values[i].bytes;
            if (all[i].field >= 0) {
                put(all[i].column, field(static_cast<std::size_t>(all[i].field)), owned(value), write);
            } else if (column.shape == Shape::set || column.shape == Shape::map) {
                cql::Reader in(value);
                for (std::int32_t left = in.int_number(); left > 0; --left) {
                    const Bytes key = owned(in.bytes());
                    put(all[i].column, key, column.shape == Shape::map ? owned(in.bytes()) : Bytes(), write);
                }
            } else {
                put(all[i].column, {}, owned(value), write);
            }
        }
    }

    std::shared_ptr<const Layout> layout_;
    const bool of_statics_;
    std::optional<std::int64_t> marker_;
    std::map<Name, Cell> cells_;
    std::map<Name, std::int64_t> deleted_cells_;
    std::map<std::uint32_t, std::int64_t> deleted_columns_;
    std::int64_t row_deletion_ = INT64_MIN;
    std::int64_t next_behind_ = std::int64_t{1} << 40, next_before_ = std::int64_t{1} << 40;
};

}  // namespace crossfade::cells
