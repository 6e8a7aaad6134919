// Which nodes have a partition of a keyspace.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "cql/token.hpp"
#include "nodes/topology.hpp"

namespace crossfade::nodes {

// The replicas of one keyspace in one datacenter, worked out range by range as they are asked for. One thread.
class ReplicaMap {
public:
    // `replication` as Keyspace::replication. `datacenter`: only its nodes; empty: those of every one, for
    // SimpleStrategy only.
    ReplicaMap(std::shared_ptr<const Topology> topology, const std::map<std::string, std::string>& replication,
               const std::string& datacenter);

    // Indices into Topology::nodes in ring order, the primary first; none when the ring or the strategy is not known.
    std::span<const std::uint32_t> replicas(cql::Token token);

private:
    std::vector<std::uint32_t> find(cql::Token token) const;

    std::shared_ptr<const Topology> topology_;
    std::string datacenter_;
    std::uint32_t replication_ = 0;  // 0: not known
    bool by_rack_ = false;           // NetworkTopologyStrategy
    std::vector<std::int32_t> rack_of_;
    std::vector<std::vector<std::uint32_t>> found_;  // for each ring entry; empty: not asked yet
};

}  // namespace crossfade::nodes
