// Switches the phase of several proxies: all of them or none (SEMANTICS, Switching).
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "cli/admin_client.hpp"
#include "cli/exit_code.hpp"

namespace crossfade::cli {

struct PhaseSwitchRequest {
    std::string id;  // of this switch: a UUID
    int phase = 1;
    std::optional<std::string> write_mode;  // none: the one that the proxies have
    bool is_forced = false;                 // also with unrepaired entries for the cluster that becomes primary
    bool is_partial = false;                // those that can, when not all can
};

struct ProxyOutcome {
    enum class Kind : std::uint8_t {
        unchanged,    // stays as it was
        refused,      // said no, or that the decision came too late; stays as it was
        unreachable,  // gave no usable answer before anything was decided; stays as it was
        switched,
        lost,  // was asked, and whether it heard the decision is not known: it may hold LWTs, and asks its siblings by
               // itself
    };
    std::string url;
    Kind kind = Kind::unchanged;
    std::string reason;               // one sentence; of refused, unreachable and lost
    std::vector<TableCount> entries;  // of refused: what is unrepaired
    std::optional<PhaseState> before;
    std::vector<StillHere> still_here;  // of switched, in phase 5: who comes through it all the same
};

struct PhaseSwitchResult {
    ExitCode exit = exit_done;
    std::string problem;  // why nothing was switched, where that is no single proxy's matter; else empty
    int phase = 0;
    std::int64_t epoch = 0;  // what the switched ones have now; 0: none was switched
    std::string write_mode;
    std::vector<ProxyOutcome> proxies;  // in the order of the clients
    // Forced: by table, the entries that readers will miss until they are repaired.
    std::vector<TableCount> missing;

    std::size_t count(ProxyOutcome::Kind kind) const;
};

// What it takes from outside, so that tests need no time and no signals.
struct PhaseSwitchSurroundings {
    std::function<void(std::chrono::milliseconds)> wait;  // between two tries to reach a proxy with the decision
    std::function<bool()> is_interrupted;  // asked before the decision; then nothing is switched (exit 75)
};

// Blocks until it is done. Two steps: every proxy says whether it can and then holds new LWTs; only when all said yes
// are they told to switch. Who said yes and cannot be told is tried again for some seconds. Partial goes on without
// those that cannot be reached or refuse, but never past unrepaired entries: that takes forced.
PhaseSwitchResult switch_phase(const std::vector<AdminClient>& clients, const PhaseSwitchRequest& request,
                               const PhaseSwitchSurroundings& surroundings);

}  // namespace crossfade::cli
