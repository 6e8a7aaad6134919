#include "gateway/facts.hpp"

#include <algorithm>

namespace crossfade::gateway {
namespace {

constexpr std::size_t uuid_text_size = 36;

}  // namespace

Greeting greeting_of(cql::ProtocolVersion highest, std::map<std::string, std::vector<std::string>> supported,
                     Guardrails guardrails) {
    Greeting greeting;
    for (const cql::ProtocolVersion version :
         {cql::ProtocolVersion::v5, cql::ProtocolVersion::v4, cql::ProtocolVersion::v3}) {
        // Astra speaks v4: what a rehearsal is to find out.
        const bool is_astras = guardrails != Guardrails::astra || version != cql::ProtocolVersion::v5;
        if (version <= highest && is_astras) greeting.versions.push_back(version);
    }
    greeting.supported = std::move(supported);
    greeting.supported[product_type] = {apollo};
    // Nodes list the versions that they speak, not those that are offered here.
    if (greeting.supported.contains("PROTOCOL_VERSIONS")) {
        auto& texts = greeting.supported["PROTOCOL_VERSIONS"];
        texts.clear();
        for (auto version = greeting.versions.rbegin(); version != greeting.versions.rend(); ++version)
            texts.push_back(std::to_string(static_cast<int>(*version)) + "/v" + std::string(cql::name_of(*version)));
    }
    return greeting;
}

bool names_node(std::string_view server_name) {
    return server_name.size() == uuid_text_size && server_name.find('.') == std::string_view::npos &&
           std::count(server_name.begin(), server_name.end(), '-') == 4;
}

std::vector<net::Address> routes(const Settings& settings, const nodes::Topology* topology,
                                 std::string_view server_name) {
    std::vector<net::Address> found;
    if (topology == nullptr) return found;
    if (names_node(server_name)) {
        const std::string host_id = lower_case(server_name);
        for (const nodes::Node& node : topology->nodes)
            if (nodes::to_text(node.host_id) == host_id) found.push_back(node.address);
        return found;
    }
    if (!server_name.empty() && settings.host_named(server_name).empty()) return found;
    std::vector<const nodes::Node*> order;
    for (const nodes::Node& node : topology->nodes) order.push_back(&node);
    // The same node for every connection, as long as it is up: a driver finds one host id.
    std::sort(order.begin(), order.end(), [&](const nodes::Node* a, const nodes::Node* b) {
        const auto rank = [&](const nodes::Node* node) {
            return std::tuple(!node->is_up, node->datacenter != topology->local_datacenter, node->host_id);
        };
        return rank(a) < rank(b);
    });
    for (const nodes::Node* node : order) found.push_back(node->address);
    return found;
}

void ServerNames::set_nodes(const nodes::Topology& topology) {
    std::unordered_set<std::string> host_ids;
    for (const nodes::Node& node : topology.nodes) host_ids.insert(nodes::to_text(node.host_id));
    const std::lock_guard guard(mutex_);
    host_ids_ = std::move(host_ids);
}

bool ServerNames::accepts(const std::string& server_name) const {
    if (server_name.empty() || !settings_.host_named(server_name).empty()) return true;
    const std::lock_guard guard(mutex_);
    return host_ids_.contains(lower_case(server_name));
}

}  // namespace crossfade::gateway
