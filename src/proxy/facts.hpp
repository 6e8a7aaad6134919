// What the proxy knows of its two clusters at one moment. Made by the control thread, immutable, handed to every loop.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <vector>

#include "proxy/options.hpp"
#include "relay/cluster_facts.hpp"

namespace crossfade::proxy {

constexpr std::size_t origin_cluster = 0, target_cluster = 1;
constexpr const char* cluster_names[] = {"origin", "target"};

struct ClusterFacts : relay::ClusterFacts {
    std::int64_t clock_offset_us = 0, clock_error_us = 0;
    bool clock_is_measured = false;
};

struct Facts {
    std::array<ClusterFacts, 2> clusters;
    std::vector<cql::ProtocolVersion> versions;  // offered to clients, highest first
    std::size_t login_cluster = origin_cluster;  // owns what clients send
    bool other_uses_client_credentials = false;  // the other side has no configured role of its own
};
using FactsPtr = std::shared_ptr<const Facts>;

// The cluster that owns client credentials, by configuration (SEMANTICS, Pools).
std::size_t login_cluster(const Options& options);
// The versions that both clusters allow; v4 at most until both were seen.
std::vector<cql::ProtocolVersion> common_versions(const std::array<ClusterFacts, 2>& clusters);

}  // namespace crossfade::proxy
