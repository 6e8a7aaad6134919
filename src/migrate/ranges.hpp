// Into which token ranges a table is cut for copying and comparing. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "cql/token.hpp"

namespace crossfade::migrate {

// What system.size_estimates says of one range; the bounds are tokens as text.
struct RangeEstimate {
    cql::Token start = 0, end = 0;
    std::int64_t partitions = 0, mean_partition_bytes = 0;
};
struct TableEstimate {
    double bytes = 0, partitions = 0;
};
// One node's estimates cover its own ranges; what it says of them is taken for the whole ring. Nothing when they say
// nothing (a young table, or one that has not been flushed).
std::optional<TableEstimate> estimate_of(const std::vector<RangeEstimate>& ranges);

// Each range has one owner: no part crosses a token of `ring`. About `part_bytes` each where the size is known, else
// enough parts for progress to show; ascending, without gaps, all of the ring.
std::vector<cql::TokenRange> cut_ring(const cql::TokenRing& ring, const std::optional<TableEstimate>& estimate,
                                      double part_bytes = 8.0 * 1024 * 1024);

}  // namespace crossfade::migrate
