// Has the journals of several proxies repaired and follows how that goes.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "cli/admin_client.hpp"
#include "cli/exit_code.hpp"

namespace crossfade::cli {

// All proxies together, as of the last look.
struct RepairProgress {
    std::uint64_t done = 0, left = 0, blocked = 0;
    std::size_t running = 0;  // proxies
};

struct RepairOutcome {
    std::string url;
    std::string failure;     // why it could not be asked or followed; empty: it was followed to its end
    RepairState last;        // as far as it is known
    JournalSummary remains;  // what its journal holds now
};

struct RepairResult {
    ExitCode exit = exit_done;  // done only when every journal is known to be empty
    std::vector<RepairOutcome> proxies;
};

struct RepairSurroundings {
    std::function<void(std::chrono::milliseconds)> wait;       // between two looks
    std::function<bool()> is_interrupted;                      // then it stops following; the proxies go on (exit 75)
    std::function<void(const RepairProgress&)> show_progress;  // after each look
    bool retries_blocked = false, includes_counters = false;   // as in AdminClient::start_repair()
};

// Blocks until no proxy repairs any more. A proxy that cannot be reached is looked for again some seconds before it is
// given up.
RepairResult repair_journals(const std::vector<AdminClient>& clients, const RepairSurroundings& surroundings);

}  // namespace crossfade::cli
