// The proxy's metrics in Prometheus' text format.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "proxy/counters.hpp"
#include "proxy/dual_policy.hpp"

namespace crossfade::proxy {

struct MetricsExtra {
    PhaseState state;
    std::uint64_t unrepaired_origin, unrepaired_target, journal_entries;
    FactsPtr facts;
};
std::string metrics_text(const std::vector<const Counters*>& loops, const MetricsExtra& extra);

}  // namespace crossfade::proxy
