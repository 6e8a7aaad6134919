// Copies one token range of one table.
#pragma once

#include "base/result.hpp"
#include "base/task.hpp"
#include "cql/token.hpp"
#include "migrate/ledger.hpp"
#include "migrate/table_work.hpp"

namespace crossfade::migrate {

// Every cell under its own stamp, so that doing it again, or half and then again, does no harm. Completes when the
// target has acknowledged all of it. Lists are compared with what the target has before elements are added, and once
// more at the end. Errors: the first that did not pass, with the side; interrupted.
base::Task<base::Result<PartCounts>> copy_part(Surroundings& around, std::shared_ptr<const TableWork> table,
                                               cql::TokenRange range);

// Counters, which must rest: adds what the target lacks, and looks again until both sides are equal. Killed at any
// moment and done again, it adds what is lacking then. Errors: as above; timeout, when they do not become equal.
base::Task<base::Result<PartCounts>> copy_counters(Surroundings& around, std::shared_ptr<const TableWork> table,
                                                   cql::TokenRange range);

}  // namespace crossfade::migrate
