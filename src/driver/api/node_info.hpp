// Nodes as the application sees them, and what happened to them between two topologies.
#pragma once

#include "crossfade/listener.hpp"
#include "nodes/topology.hpp"

namespace crossfade::driver {

NodeInfo info_of(const nodes::Node& node);
// Calls the listener for each node that came, went, or changed its state.
void tell_changes(const nodes::Topology& before, const nodes::Topology& after, ClusterListener& listener);

}  // namespace crossfade::driver
