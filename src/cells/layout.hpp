// The columns of one table as copying and comparing see them: the same list for both clusters, so that column 3 is
// column 3 on both.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "cql/statement.hpp"
#include "cql/type.hpp"
#include "nodes/schema.hpp"

namespace crossfade::cells {

// How a column's value is stored: as one cell, or as a cell for each element (map key, set element, field) or place in
// a list.
enum class Shape : std::uint8_t { single, set, map, list, udt };

struct LayoutColumn {
    std::string name;
    cql::TypePtr type;
    Shape shape = Shape::single;
};

// Immutable; shared between readers and writers of both clusters.
struct Layout {
    Layout() = default;

    cql::TableName table;
    std::vector<LayoutColumn> partition_key, clustering, statics, regulars;
    bool is_counter = false;

    const std::vector<LayoutColumn>& cells(bool of_statics) const { return of_statics ? statics : regulars; }
    bool has_lists() const;  // not frozen ones
    bool is_key_only() const { return statics.empty() && regulars.empty(); }
};

// All columns of `table` in its order. Errors: bad_input for a view, and for a table that the protocol cannot write
// cell by cell.
base::Result<Layout> layout_of(const nodes::Table& table);
// Only the columns that `other` has too, which must include all of the primary key.
base::Result<Layout> common_layout(const nodes::Table& table, const nodes::Table& other);

// Of which columns a cluster tells WRITETIME and TTL; the indices are those of Layout::statics and Layout::regulars.
struct Readability {
    std::vector<bool> statics, regulars;

    const std::vector<bool>& cells(bool of_statics) const { return of_statics ? statics : regulars; }
    // Whether every cell of the table tells its stamps.
    bool is_complete() const;
};
// What is certain without asking a server: counters have no stamps of use; everything else is tried.
Readability hoped_for(const Layout& layout);

}  // namespace crossfade::cells
