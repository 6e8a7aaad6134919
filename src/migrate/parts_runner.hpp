// Works through the parts of one table, several at once, and records each that is done.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "base/task.hpp"
#include "migrate/ledger.hpp"
#include "net/loop.hpp"

namespace crossfade::migrate {

struct PartsWork {
    PartsWork() = default;

    std::size_t at_once = 6;
    std::uint32_t rounds = 3;  // how often a part that failed is tried in all
    std::chrono::milliseconds pause_between_rounds{3000};
    std::function<base::Task<base::Result<PartCounts>>(cql::TokenRange)> work;
    std::function<base::Result<void>(const LedgerPart&)> record;  // durably
    std::function<bool()> should_stop;
};

struct PartsOutcome {
    PartsOutcome() = default;

    struct Failure {
        cql::TokenRange range;
        base::Error error;
    };
    std::vector<Failure> failures;  // parts that are not done, with their last error; none when interrupted
    bool is_interrupted = false;
};

// Does what `parts` says is not done, and notes in it what is. A part that failed is tried again when all others are
// through; when one after another fails for a reason that does not pass, the rest is not begun. Errors: only those of
// recording.
base::Task<base::Result<PartsOutcome>> run_parts(net::Loop& loop, std::vector<LedgerPart>& parts, PartsWork work);

}  // namespace crossfade::migrate
