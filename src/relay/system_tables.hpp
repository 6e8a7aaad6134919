// Answers what drivers read to find nodes: system.local, system.peers and system.peers_v2 show the front, not the
// clusters behind it. Pure, but for now() and uuid().
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "cql/statement.hpp"
#include "relay/cluster_facts.hpp"

namespace crossfade::relay {

// A front as drivers see it: a node.
struct ShownNode {
    std::string host;                 // IP address
    std::uint16_t port = 9042;        // where CQL is served
    std::string datacenter;           // empty: that of the cluster's node
    std::vector<std::string> tokens;  // empty: spread evenly over the nodes of its datacenter
};
// All fronts that a driver is to know of. Every one of them shows the same set, each with itself as `local`.
struct ShownCluster {
    ShownNode local;
    std::vector<ShownNode> peers;  // without the local one
};

enum class SystemAnswer : std::uint8_t { answered, not_ours };

// Appends the answer to a SELECT on one of the three tables to `frame` (a whole response frame, stream id 0): rows, or
// INVALID where the text asks for what a node's table has not. `cluster` gives columns and the cells that are not
// replaced. `bound` is the first bound value, or empty. not_ours: another table, a question about a node that does not
// show which one it is (any node can answer it), or the cluster was never seen.
SystemAnswer answer_system_query(const cql::Statement& statement, std::string_view text, const ClusterFacts& cluster,
                                 const ShownCluster& shown, base::ByteView bound, cql::ProtocolVersion version,
                                 base::Bytes& frame);

}  // namespace crossfade::relay
