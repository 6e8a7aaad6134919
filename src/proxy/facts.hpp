// What the proxy knows of its two clusters at one moment. Made by the control thread, immutable, handed to every loop.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "cql/response.hpp"
#include "nodes/schema.hpp"
#include "nodes/topology.hpp"
#include "proxy/options.hpp"

namespace crossfade::proxy {

constexpr std::size_t origin_cluster = 0, target_cluster = 1;
constexpr const char* cluster_names[] = {"origin", "target"};

// A system table as a cluster answered it: owned, so that it can be served again with other cells.
struct SystemTable {
    std::vector<cql::OwnedColumn> columns;
    std::vector<std::vector<std::optional<base::Bytes>>> rows;
};

struct ClusterFacts {
    bool was_seen = false;
    cql::ProtocolVersion highest_version = cql::ProtocolVersion::v4;
    std::string authenticator;  // empty: no login is asked for
    std::map<std::string, std::vector<std::string>> supported;
    std::shared_ptr<const nodes::Topology> topology;
    std::string local_datacenter;
    std::shared_ptr<const nodes::Schema> schema;  // null while it could not be read
    SystemTable local, peers, peers_v2;
    std::int64_t clock_offset_us = 0, clock_error_us = 0;
    bool clock_is_measured = false;
    std::string last_error;
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
