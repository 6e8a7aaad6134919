// Asks the other proxies of a fleet where they stand.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "net/loop.hpp"
#include "proxy/dual_policy.hpp"

namespace crossfade::proxy {

// Asks each admin URL for GET /phase on a thread of its own (2 s each) and completes on `loop` with those that answered in full.
void ask_siblings(net::Loop& loop, const std::vector<std::string>& urls, std::function<void(std::vector<PhaseState>)> done);

}  // namespace crossfade::proxy
