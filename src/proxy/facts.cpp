#include "proxy/facts.hpp"

namespace crossfade::proxy {
namespace {

// Newer first. DSE's versions are offered only where both clusters speak them.
constexpr cql::ProtocolVersion by_age[] = {cql::ProtocolVersion::dse_v2, cql::ProtocolVersion::dse_v1,
                                           cql::ProtocolVersion::v5, cql::ProtocolVersion::v4,
                                           cql::ProtocolVersion::v3};

bool speaks(const ClusterFacts& cluster, cql::ProtocolVersion version) {
    // Whether it speaks v5 will only turn out, and a client keeps the version that it began with.
    if (!cluster.was_seen) return !cql::is_dse(version) && version <= cql::ProtocolVersion::v4;
    const bool cluster_is_dse = cql::is_dse(cluster.highest_version);
    if (cql::is_dse(version)) return cluster_is_dse && version <= cluster.highest_version;
    // A DSE node takes v3 and v4 besides its own versions.
    return version <= (cluster_is_dse ? cql::ProtocolVersion::v4 : cluster.highest_version);
}

}  // namespace

std::size_t login_cluster(const Options& options) {
    switch (options.client_credentials) {
        case ClientCredentials::origin:
            return origin_cluster;
        case ClientCredentials::target:
            return target_cluster;
        case ClientCredentials::automatic:
            break;
    }
    const bool only_origin_is_configured = !options.origin.credentials.empty() && options.target.credentials.empty();
    return only_origin_is_configured ? target_cluster : origin_cluster;
}

std::vector<cql::ProtocolVersion> common_versions(const std::array<ClusterFacts, 2>& clusters) {
    std::vector<cql::ProtocolVersion> versions;
    for (const cql::ProtocolVersion version : by_age)
        if (speaks(clusters[0], version) && speaks(clusters[1], version)) versions.push_back(version);
    return versions;
}

}  // namespace crossfade::proxy
