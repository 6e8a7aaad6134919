// What the workers of one stub node share.
#pragma once

#include "stub_node/behaviour.hpp"
#include "stub_node/cluster_view.hpp"
#include "stub_node/prepared_registry.hpp"
#include "stub_node/system_tables.hpp"

namespace crossfade::lab {

// `behaviour` and `prepared` may change, from any thread; the rest is immutable.
struct Node {
    explicit Node(NodeOptions given)
        : options(std::move(given)), cluster(view_cluster(options)), system_tables(options, cluster) {}

    const NodeOptions options;
    const ClusterView cluster;
    const SystemTables system_tables;
    Behaviour behaviour;
    PreparedRegistry prepared;
};

}  // namespace crossfade::lab
