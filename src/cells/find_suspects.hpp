// Reads a token range or one partition on both clusters and names the rows that may differ.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "base/task.hpp"
#include "cells/page_stream.hpp"
#include "cells/row_key.hpp"
#include "net/loop.hpp"

namespace crossfade::cells {

struct SuspectSearch {
    SuspectSearch() = default;

    PageRequest where;  // scope range or partition, and which; of_statics too
    PageSizes sizes;
    // Called with suspects as they are found, never with none; what it awaits, the search waits for. Required.
    std::function<base::Task<base::Result<void>>(std::vector<RowKey>)> on_suspects;
    // Called after each step with the rows of both sides read since the last call. May be empty.
    std::function<void(std::uint64_t origin_rows, std::uint64_t target_rows)> on_progress;
    // Asked between pages; true ends the search with kind interrupted. May be empty.
    std::function<bool()> should_stop;
};

// Errors: those of reading, with the name of the side; of on_suspects; interrupted.
base::Task<base::Result<void>> find_suspects(net::Loop& loop, std::shared_ptr<TableAccess> origin,
                                             std::shared_ptr<TableAccess> target, SuspectSearch search,
                                             const base::Clock& clock = base::system_clock());

}  // namespace crossfade::cells
