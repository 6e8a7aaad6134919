#include "relay/cluster_facts.hpp"

namespace crossfade::relay {

const std::vector<cql::ProtocolVersion>& versions_by_age() {
    static const std::vector<cql::ProtocolVersion> versions = {cql::ProtocolVersion::dse_v2,
                                                               cql::ProtocolVersion::dse_v1, cql::ProtocolVersion::v5,
                                                               cql::ProtocolVersion::v4, cql::ProtocolVersion::v3};
    return versions;
}

bool speaks(const ClusterFacts& cluster, cql::ProtocolVersion version) {
    if (!cluster.was_seen) return !cql::is_dse(version) && version <= cql::ProtocolVersion::v4;
    const bool cluster_is_dse = cql::is_dse(cluster.highest_version);
    if (cql::is_dse(version)) return cluster_is_dse && version <= cluster.highest_version;
    // A DSE node takes v3 and v4 besides its own versions.
    return version <= (cluster_is_dse ? cql::ProtocolVersion::v4 : cluster.highest_version);
}

}  // namespace crossfade::relay
