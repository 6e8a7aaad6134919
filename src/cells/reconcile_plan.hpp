// Which writes on either cluster make a row that differs the same on both, when both may be right in part. Pure.
#pragma once

#include <cstdint>
#include <span>

#include "cells/compare.hpp"
#include "cells/plan.hpp"

namespace crossfade::cells {

enum class Side : std::uint8_t { origin, target };

struct ReconcilePlan {
    ReconcilePlan() = default;

    Plan to_origin, to_target;
    std::int64_t latest_stamp =
        0;  // the highest timestamp that is not a cell's own: it must be past on both clusters before it is sent
    bool has_kept = false;  // the other side has what the primary lacks, and it is not to be deleted
    bool is_empty() const { return to_origin.writes.empty() && to_target.writes.empty(); }
};

// SEMANTICS, Journal: of two cells the newer one is written to the other side under its own stamp. What only the
// primary has is written to the other side; what it lacks is deleted there at exactly the stamp seen. Where stamps do
// not decide (equal ones with different values; stamps that CQL does not tell; lists; with `insists`, everything,
// because an earlier try under the cells' own stamps did not help) both sides are rewritten with the primary's value
// one microsecond above the newer stamp or, where none is known, at `fresh`.
//
// `fresh` (microseconds) is an instant before the rows were read, by the clocks of both clusters: what was seen is
// older, and what is written from then on wins over it. Not for counters.
//
// With `keep_older_than` (microseconds) only what is known to be as new as that is deleted: what the primary lacks and
// is older, or of unknown age, may never have been copied to it.
void plan_reconciliation(const Planner& planner, bool of_statics, Side primary, const Row* origin, const Row* target,
                         const RowDifference& difference, std::int64_t fresh, bool insists, ReconcilePlan& plan,
                         std::int64_t keep_older_than = 0);

// After a TRUNCATE that `truncated` alone executed: deletes on the other side, at exactly their stamps, the cells that
// `truncated` lacks and that are older than `before` (microseconds). Gives whether cells are left that CQL tells no
// stamp of.
bool plan_truncation(const Planner& planner, bool of_statics, Side truncated, const Row* origin, const Row* target,
                     std::int64_t before, ReconcilePlan& plan);

}  // namespace crossfade::cells
