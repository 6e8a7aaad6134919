#include "nodes/replicas.hpp"

#include <algorithm>
#include <charconv>

namespace crossfade::nodes {
namespace {

std::uint32_t number_of(const std::string& text) {
    // Transient replication writes "3/1": three replicas, one of them transient.
    std::uint32_t number = 0;
    std::from_chars(text.data(), text.data() + text.size(), number);
    return number;
}

std::string_view class_without_package(std::string_view name) {
    const auto dot = name.rfind('.');
    return dot == std::string_view::npos ? name : name.substr(dot + 1);
}

}  // namespace

ReplicaMap::ReplicaMap(std::shared_ptr<const Topology> topology, const std::map<std::string, std::string>& replication,
                       const std::string& datacenter)
    : topology_(std::move(topology)), datacenter_(datacenter), found_(topology_->ring.entries().size()) {
    const auto strategy = replication.find("class");
    if (strategy == replication.end()) return;
    const std::string_view name = class_without_package(strategy->second);
    by_rack_ = name == "NetworkTopologyStrategy";
    if (!by_rack_ && name != "SimpleStrategy") return;
    const auto factor = replication.find(by_rack_ ? datacenter : "replication_factor");
    if (factor != replication.end()) replication_ = number_of(factor->second);

    std::map<std::string, std::int32_t> racks;
    for (const Node& node : topology_->nodes) {
        const bool is_inside = node.datacenter == datacenter;
        rack_of_.push_back(is_inside ? racks.emplace(node.rack, static_cast<std::int32_t>(racks.size())).first->second
                                     : -1);
    }
}

std::span<const std::uint32_t> ReplicaMap::replicas(cql::Token token) {
    const auto& entries = topology_->ring.entries();
    if (replication_ == 0 || entries.empty()) return {};
    auto entry =
        std::lower_bound(entries.begin(), entries.end(), token,
                         [](const cql::TokenRing::Entry& one, cql::Token wanted) { return one.token < wanted; });
    if (entry == entries.end()) entry = entries.begin();
    auto& kept = found_[static_cast<std::size_t>(entry - entries.begin())];
    if (kept.empty()) kept = find(token);
    return kept;
}

std::vector<std::uint32_t> ReplicaMap::find(cql::Token token) const {
    if (by_rack_) return topology_->ring.replicas_by_rack(token, replication_, rack_of_);
    std::vector<std::uint32_t> nodes = topology_->ring.simple_replicas(token, replication_);
    if (!datacenter_.empty())
        std::erase_if(nodes, [&](std::uint32_t node) { return topology_->nodes[node].datacenter != datacenter_; });
    return nodes;
}

}  // namespace crossfade::nodes
