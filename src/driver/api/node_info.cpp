#include "driver/api/node_info.hpp"

#include <algorithm>

namespace crossfade::driver {
namespace {

const nodes::Node* find(const nodes::Topology& topology, const nodes::Uuid& host_id) {
    const auto found =
        std::ranges::find_if(topology.nodes, [&](const nodes::Node& node) { return node.host_id == host_id; });
    return found == topology.nodes.end() ? nullptr : &*found;
}

}  // namespace

NodeInfo info_of(const nodes::Node& node) {
    NodeInfo info;
    info.host_id = Uuid{node.host_id};
    info.address = net::to_text(node.address);
    info.datacenter = node.datacenter;
    info.rack = node.rack;
    info.release_version = node.release_version;
    info.is_up = node.is_up;
    return info;
}

void tell_changes(const nodes::Topology& before, const nodes::Topology& after, ClusterListener& listener) {
    for (const nodes::Node& node : before.nodes)
        if (find(after, node.host_id) == nullptr) listener.on_node_removed(info_of(node));
    for (const nodes::Node& node : after.nodes) {
        const nodes::Node* const was = find(before, node.host_id);
        if (was == nullptr)
            listener.on_node_added(info_of(node));
        else if (!was->is_up && node.is_up)
            listener.on_node_up(info_of(node));
        else if (was->is_up && !node.is_up)
            listener.on_node_down(info_of(node));
    }
}

}  // namespace crossfade::driver
