// The same row as both clusters have it now.
#pragma once

#include <memory>

#include "base/task.hpp"
#include "cells/compare.hpp"
#include "cells/table_access.hpp"

namespace crossfade::cells {

// Rows are null where a side has none; they are views of the pages.
struct RowPair {
    RowPair() = default;

    std::shared_ptr<const Page> origin_page, target_page;
    const Row* origin = nullptr;
    const Row* target = nullptr;
};

// Reads one row (or one partition's static columns) on both clusters at once, its expiry judged at one instant. Errors:
// those of TableAccess::read(), the origin's first, with the name of the side.
base::Task<base::Result<RowPair>> read_pair(std::shared_ptr<TableAccess> origin, std::shared_ptr<TableAccess> target,
                                            RowKey key, const base::Clock& clock = base::system_clock());

}  // namespace crossfade::cells
