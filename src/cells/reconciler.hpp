// Makes partitions the same on both clusters when each may have what the other lacks: what a journal's repair does with
// writes that cannot be replayed (SEMANTICS, Journal).
//
//     auto origin = co_await cells::TableAccess::open(origin_session, layout);   // layout: cells::common_layout(table,
//     other_table) auto target = co_await cells::TableAccess::open(target_session, layout); cells::Reconciler
//     reconciler(loop, *origin, *target, options); auto done = co_await reconciler.partition(components_of_the_key);
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/task.hpp"
#include "cells/plan.hpp"
#include "cells/reconcile_plan.hpp"
#include "cells/row_pair.hpp"
#include "cells/table_access.hpp"
#include "net/loop.hpp"

namespace crossfade::cells {

struct ReconcileOptions {
    ReconcileOptions() = default;

    Side primary = Side::origin;
    // Counters have no stamps: the other side is brought to the primary's count. Only with the application at rest.
    bool includes_counters = false;
    // Deletes what this side lacks and is older, instead of making rows equal: after a TRUNCATE that only it executed.
    struct Truncation {
        Side truncated = Side::origin;
        std::int64_t before = 0;  // microseconds
    };
    std::optional<Truncation> truncation;
    // Microseconds; not 0: what the primary lacks is deleted only where it is known to be as new as this. What stays
    // for that is named in the outcome: it may never have been copied to the primary.
    std::int64_t keep_older_than = 0;
    PlanOptions plan;
    std::uint32_t tries = 4;               // of one row, the first two under the cells' own stamps
    std::chrono::milliseconds pause{200};  // between them: a write may be under way
    // How long a write that has reached one cluster may be on its way to the other: what is younger is neither deleted
    // nor overruled before that time is over. Where CQL tells no stamps, a second at most.
    std::chrono::milliseconds in_flight{0};
    std::chrono::milliseconds longest_wait{10000};  // for a stamp to be past on both clusters
};

struct ReconcileOutcome {
    std::uint64_t rows_compared = 0;  // of the primary
    std::uint64_t rows_written = 0;
    // What is not equal still: one sentence for each row, at most 100 of them.
    std::vector<std::string> left;
    std::uint64_t left_count = 0;
    bool is_equal() const { return left_count == 0; }
};

// Loop's thread. Each call runs to its end by itself; one at a time for each Reconciler.
class Reconciler {
public:
    Reconciler(net::Loop& loop, std::shared_ptr<TableAccess> origin, std::shared_ptr<TableAccess> target,
               ReconcileOptions options, const base::Clock& clock = base::system_clock());

    // All rows and static columns of one partition, given by the components of its key. Errors: those of reading and
    // writing, with the name of the side; then part of it may be done, and doing it again does no harm.
    base::Task<base::Result<ReconcileOutcome>> partition(std::vector<Bytes> key);
    // All of a token range, or of the table: (smallest_token, largest_token].
    base::Task<base::Result<ReconcileOutcome>> range(cql::TokenRange range);
    // One row, or one partition's static columns.
    base::Task<base::Result<ReconcileOutcome>> row(RowKey key);

private:
    base::Task<base::Result<ReconcileOutcome>> search(PageRequest where);
    base::Task<base::Result<void>> settle(RowKey key);
    base::Task<base::Result<void>> settle_all(std::vector<RowKey> keys);
    base::Task<base::Result<std::int64_t>> fresh_stamp();
    base::Task<base::Result<bool>> wait_for(std::int64_t stamp);
    base::Task<base::Result<void>> apply(RowKey key, ReconcilePlan& plan, std::int64_t now);
    void leave(const RowKey& key, const std::string& why);

    net::Loop& loop_;
    std::shared_ptr<TableAccess> origin_, target_;
    const ReconcileOptions options_;
    const base::Clock& clock_;
    Planner planner_;
    ReconcileOutcome outcome_;
    // How far the slower cluster's clock may be behind ours, in microseconds (positive: behind), and when that was
    // measured.
    std::int64_t behind_us_ = 0;
    std::optional<std::int64_t> measured_at_;
};

}  // namespace crossfade::cells
