#include "proxy/facts.hpp"

namespace crossfade::proxy {

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
    for (const cql::ProtocolVersion version : relay::versions_by_age())
        if (speaks(clusters[0], version) && speaks(clusters[1], version)) versions.push_back(version);
    return versions;
}

}  // namespace crossfade::proxy
