#include "gateway/metadata_answer.hpp"

#include <algorithm>

#include "bundle/metadata.hpp"

namespace crossfade::gateway {
namespace {

constexpr std::size_t most_contact_points = 100;

net::HttpResponse message(int status, const std::string& text) {
    return {status, "application/json", base::JsonObject().field("message", text).text()};
}

}  // namespace

net::HttpResponse answer_metadata(const Settings& settings, const Facts& facts, const net::HttpRequest& request) {
    if (request.path != "/metadata") return message(404, "there is only /metadata here");
    if (request.method != "GET" && request.method != "HEAD") return message(405, "/metadata is asked for with GET");
    const IssuedBundle* const bundle = facts.issued == nullptr ? nullptr : facts.issued->find(request.peer_certificate);
    // New connections do not get this far.
    if (bundle != nullptr && bundle->revoked.time_since_epoch().count() != 0)
        return message(403, "the certificate of this bundle was revoked; ask for a new bundle");
    if (facts.topology == nullptr)
        return message(503, "the cluster behind this gateway has not been reached yet; try again later");
    const nodes::Topology& topology = *facts.topology;
    bundle::Metadata metadata;
    metadata.local_datacenter = bundle == nullptr ? topology.local_datacenter : bundle->datacenter;
    std::string host = bundle == nullptr ? "" : settings.host_named(bundle->host);
    metadata.sni_proxy = {host.empty() ? settings.hosts.front() : host, settings.cql_port};
    for (const bool is_local : {true, false}) {
        for (const nodes::Node& node : topology.nodes)
            if (node.is_up && (node.datacenter == metadata.local_datacenter) == is_local &&
                metadata.contact_points.size() < most_contact_points)
                metadata.contact_points.push_back(nodes::to_text(node.host_id));
        if (!metadata.contact_points.empty()) break;
    }
    if (metadata.contact_points.empty()) return message(503, "no node of the cluster behind this gateway is up");
    // cql-proxy takes nodes of the region alone, so it is named only where they are what is listed.
    const auto of_first = std::find_if(topology.nodes.begin(), topology.nodes.end(), [&](const nodes::Node& node) {
        return nodes::to_text(node.host_id) == metadata.contact_points.front();
    });
    if (of_first->datacenter == metadata.local_datacenter) metadata.region = metadata.local_datacenter;
    return {200, "application/json", bundle::to_json(metadata)};
}

}  // namespace crossfade::gateway
