// What `crossfade phase` prints.
#pragma once

#include <iosfwd>
#include <vector>

#include "cli/phase_switch.hpp"

namespace crossfade::cli {

// A row for each proxy that answered, to `out`, then a line for each group of clients that still comes; who did not,
// and that they are not all in one phase, to `error`. `states` are in the order of `clients`.
void print_phases(const std::vector<AdminClient>& clients, const std::vector<base::Result<PhaseState>>& states,
                  std::ostream& out, std::ostream& error);
// {"proxies":[{"url":…,"proxy":…,"epoch":…,"phase":…,"write_mode":…,"holding":…,"unrepaired":{…}} or
// {"url":…,"error":…},…]}; from phase 5 on with "still_here"
void print_phases_json(const std::vector<AdminClient>& clients, const std::vector<base::Result<PhaseState>>& states,
                       std::ostream& out);

// What happened at each proxy and what follows from it; what was switched to `out`, all else to `error`.
void print_phase_switch(const PhaseSwitchResult& result, std::ostream& out, std::ostream& error);
// {"switched":all of
// them?,"phase":…,"write_mode":…,"epoch":…,"reason":…,"missing":[…],"proxies":[{"url":…,"outcome":…,"reason":…},…]}
void print_phase_switch_json(const PhaseSwitchResult& result, std::ostream& out);

}  // namespace crossfade::cli
