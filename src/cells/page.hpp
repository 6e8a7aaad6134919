// One page of a table's cells: the server's answer, and where everything is in it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "base/result.hpp"
#include "cells/cell.hpp"
#include "driver/rows.hpp"

namespace crossfade::cells {

// The rows of one partition that are in a page: rows[first, first + count).
struct PartitionRows {
    PartitionKey key;
    std::size_t first = 0, count = 0;
};

// Owns the answer that all its views show. Not moved once made: shared as shared_ptr<const Page>.
struct Page {
    Page() = default;
    Page(const Page&) = delete;
    Page& operator=(const Page&) = delete;

    driver::Rows answer;
    std::vector<Row> rows;                  // of the regular columns, or one for each partition: of the static columns
    std::vector<PartitionRows> partitions;  // in the server's order, each once
    std::int64_t read_at = 0;               // seconds since 1970: the instant that TTLs counted from
    std::size_t refused_expiries = 0;       // rows of which a later read was refused (expiry_search.hpp)
    std::size_t byte_count() const { return answer.message().size(); }
};

// Reads an answer to select_rows() (or select_statics(), with `of_statics`). Rows with null clustering columns, and
// partitions without static cells, are left out. Errors: protocol, when the answer has other columns, or collections
// that do not agree with their stamps.
base::Result<std::shared_ptr<Page>> read_page(const Layout& layout, const Readability& readability, bool of_statics,
                                              driver::Rows answer, std::int64_t read_at);

}  // namespace crossfade::cells
