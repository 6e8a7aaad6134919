// The SELECTs that read a table cell by cell: each column, and WRITETIME and TTL of those that tell it.
#pragma once

#include <cstdint>
#include <string>

#include "cells/layout.hpp"

namespace crossfade::cells {

// Which part of a table a SELECT reads, and so what is bound to it.
enum class Scope : std::uint8_t {
    range,      // (token, token]: two bigints
    partition,  // the components of the partition key
    row,        // the partition key and the clustering columns
    rows,       // the partition key and a list: of the clustering column, or of tuples of all of them
};

// Results have the partition key, the clustering columns, the cells in the layout's order, then WRITETIME and TTL of
// each readable one. Static columns are not among them: a partition of static columns alone comes as a row whose
// clustering columns are null.
std::string select_rows(const Layout& layout, const Readability& readability, Scope scope);
// SELECT DISTINCT: the partition key, the static columns, then WRITETIME and TTL of each readable one; once for each
// partition, and for partitions whose static columns are all null too. Precondition: there are static columns, and
// scope is `range` or `partition`.
std::string select_statics(const Layout& layout, const Readability& readability, Scope scope);
// Tells whether a cluster has WRITETIME and TTL for one column: it can be prepared, or not.
std::string select_stamps(const Layout& layout, const LayoutColumn& column);

}  // namespace crossfade::cells
