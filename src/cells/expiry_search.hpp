// Finds when cells end whose TTL CQL does not tell: elements of non-frozen collections before Cassandra 5.0, and the
// markers of rows. A read as of a later instant (now_in_seconds, protocol v5) shows only what has not expired by then.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "base/result.hpp"
#include "base/task.hpp"
#include "cells/table_access.hpp"

namespace crossfade::cells {

// The last instant that a cluster can be asked about: by then every cell has expired that ever does. Before Cassandra
// 5.0 seconds are signed (Cell.MAX_DELETION_TIME, 2038), from 5.0 on they are not (2106).
constexpr std::int64_t last_instant_before_5_0 = 0x7FFFFFFE, last_instant = 0xFFFFFFFE;

// Rows that are read with one request: those of `where`, which may give others too.
struct ExpiryProbe {
    ExpiryProbe() = default;
    PageRequest where;
    std::vector<std::size_t> rows;  // of the page
};
// Reads that show each of the rows with wanted[i] again: neighbours on the ring together, rows of one partition
// together; few enough cells at once that the server does not warn of tombstones (1000). `takes_lists`: it answers to
// Scope::rows. Pure.
std::vector<ExpiryProbe> probes_of(const Layout& layout, bool of_statics, bool takes_lists, const Page& page,
                                   const std::vector<bool>& wanted);

struct ExpirySearch {
    ExpirySearch() = default;

    std::shared_ptr<const Layout> layout;
    bool of_statics = false, takes_lists = false;
    std::int64_t last = last_instant_before_5_0;
    // Reads as of `now` of the request; of the answer the rows' keys and values count.
    std::function<base::Task<base::Result<std::shared_ptr<const Page>>>(PageRequest)> read;
};
// Sets is_expiry_found and is_marker_expiry_found, with the instant, in the rows of `page`, which nobody else uses yet.
//   - Elements that do not tell their stamps: exact.
//   - The marker of a row without cells: exact.
//   - The marker of a row whose cells all expire: found when the row outlives them all. When it does not, nothing is
//     set: then nobody can see when the marker ends, or whether there is one. Rows that were read together are looked
//     at when the last of them should have gone, so a marker that ends between its own row's end and that is not found.
// What is deleted or overwritten meanwhile may be taken for expired: whoever did that did it under a newer stamp.
// Errors: those of reading that may pass; what a cluster refuses to read stays not found, and its rows are counted in
// page->refused_expiries.
base::Task<base::Result<void>> find_expiries(ExpirySearch search, std::shared_ptr<Page> page);

}  // namespace crossfade::cells
