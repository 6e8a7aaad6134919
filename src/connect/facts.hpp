// What the endpoint knows of its cluster at one moment. Made by the control thread, immutable, handed to every loop.
#pragma once

#include <memory>
#include <vector>

#include "connect/options.hpp"
#include "relay/cluster_facts.hpp"

namespace crossfade::connect {

struct Facts {
    relay::ClusterFacts cluster;
    std::vector<cql::ProtocolVersion> versions;  // offered to clients, highest first
};
using FactsPtr = std::shared_ptr<const Facts>;

// Of all versions that the cluster speaks those that clients may use.
inline FactsPtr make_facts(const relay::ClusterFacts& cluster, cql::ProtocolVersion highest) {
    auto facts = std::make_shared<Facts>();
    facts->cluster = cluster;
    for (const cql::ProtocolVersion version : relay::versions_by_age())
        if (version <= highest && relay::speaks(cluster, version)) facts->versions.push_back(version);
    return facts;
}

}  // namespace crossfade::connect
