#include "nodes/topology.hpp"

#include <algorithm>
#include <charconv>
#include <optional>
#include <set>
#include <tuple>

#include "nodes/cell_values.hpp"

namespace crossfade::nodes {
namespace {

constexpr std::uint16_t usual_port = 9042;

bool equal(const net::Address& a, const net::Address& b) {
    return a.host == b.host && a.port == b.port;
}

bool is_any_address(const std::string& host) {
    return host.empty() || host == "0.0.0.0" || host == "::";
}

std::vector<cql::Token> read_tokens(const NamedCells& row) {
    std::vector<cql::Token> tokens;
    for (const std::string& text : row.text_list("tokens")) {
        cql::Token token = 0;
        const auto parsed = std::from_chars(text.data(), text.data() + text.size(), token);
        if (parsed.ec == std::errc() && parsed.ptr == text.data() + text.size()) tokens.push_back(token);
    }
    std::sort(tokens.begin(), tokens.end());
    return tokens;
}

Node read_node(const NamedCells& row) {
    Node node;
    node.host_id = row.uuid("host_id");
    node.datacenter = row.text("data_center");
    node.rack = row.text("rack");
    node.release_version = row.text("release_version");
    if (row.has("schema_version")) node.schema_version = to_text(row.uuid("schema_version"));
    node.tokens = read_tokens(row);
    return node;
}

std::uint16_t port_in(const NamedCells& row, std::string_view column, std::uint16_t otherwise) {
    const std::int32_t port = row.int_number(column, 0);
    return port > 0 && port <= 0xFFFF ? static_cast<std::uint16_t>(port) : otherwise;
}

// Where a node says that it serves CQL. peers_v2 has native_address and native_port (Cassandra 4.0), peers and local
// have rpc_address; an rpc_address of 0.0.0.0 means the address that the other nodes use.
net::Address reported_address(const NamedCells& row, bool is_local, std::uint16_t port_asked) {
    net::Address address;
    address.host = row.has("native_address") ? row.inet("native_address") : row.inet("rpc_address");
    if (is_any_address(address.host)) address.host = is_local ? row.inet("broadcast_address") : row.inet("peer");
    address.port = port_in(row, is_local ? "rpc_port" : "native_port", port_asked);
    return address;
}

net::Address known_address(const TopologyContext& context, const Uuid& host, const net::Address& reported) {
    const auto alias = context.aliases.find(host);
    return alias != context.aliases.end() && equal(alias->second.reported, reported) ? alias->second.connected
                                                                                     : reported;
}

// Events go on naming what the node reports.
void reach_through_proxy(TopologyContext& context, Node& node, const net::Address& reported) {
    if (!context.sni_proxy) return;
    node.address = *context.sni_proxy;
    node.server_name = to_text(node.host_id);
    context.aliases.insert_or_assign(node.host_id, TopologyContext::Alias{reported, node.address});
}

bool is_up(const TopologyContext& context, const net::Address& reported) {
    const auto told = context.up.find(net::to_text(reported));
    return told == context.up.end() || told->second;
}

cql::TokenRing ring_of(const Topology& topology) {
    if (topology.partitioner.find("Murmur3Partitioner") == std::string::npos) return {};
    std::vector<cql::TokenRing::Entry> entries;
    for (std::size_t i = 0; i < topology.nodes.size(); ++i)
        for (const cql::Token token : topology.nodes[i].tokens)
            entries.push_back({token, static_cast<std::uint32_t>(i)});
    return cql::TokenRing(std::move(entries));
}

}  // namespace

std::string to_text(const Uuid& uuid) {
    constexpr std::string_view digits = "0123456789abcdef";
    std::string text;
    for (std::size_t i = 0; i < uuid.size(); ++i) {
        if (i == 4 || i == 6 || i == 8 || i == 10) text += '-';
        text += digits[uuid[i] >> 4U];
        text += digits[uuid[i] & 0x0FU];
    }
    return text;
}

bool Node::operator==(const Node& other) const {
    return host_id == other.host_id && endpoint() == other.endpoint() && datacenter == other.datacenter &&
           rack == other.rack && release_version == other.release_version && schema_version == other.schema_version &&
           tokens == other.tokens && is_up == other.is_up;
}

bool Topology::operator==(const Topology& other) const {
    return cluster_name == other.cluster_name && partitioner == other.partitioner &&
           release_version == other.release_version && local_datacenter == other.local_datacenter &&
           nodes == other.nodes;
}

bool Topology::is_schema_agreed() const {
    std::set<std::string_view> versions;
    for (const Node& node : nodes)
        if (node.is_up && !node.schema_version.empty()) versions.insert(node.schema_version);
    return versions.size() <= 1;
}

std::vector<std::string> Topology::datacenters() const {
    std::set<std::string> names;
    for (const Node& node : nodes) names.insert(node.datacenter);
    return {names.begin(), names.end()};
}

base::Result<Topology> read_topology(TopologyContext& context, const Rows& local, const Rows& peers) {
    const RowCursor local_row = local.first();
    if (!local_row)
        return base::fail(base::ErrorKind::protocol, net::to_text(context.asked) + ": system.local is empty");
    const NamedCells self(local, local_row);

    Topology topology;
    topology.cluster_name = self.text("cluster_name");
    topology.partitioner = self.text("partitioner");
    topology.release_version = self.text("release_version");

    Node first = read_node(self);
    first.address = context.asked;
    // A proxy's port says nothing about the nodes'.
    const std::uint16_t port = context.sni_proxy || context.asked.port == 0 ? usual_port : context.asked.port;
    const net::Address reported = reported_address(self, true, port);
    context.aliases.insert_or_assign(first.host_id, TopologyContext::Alias{reported, context.asked});
    reach_through_proxy(context, first, reported);
    std::set<Uuid> seen{first.host_id};
    if (context.local_datacenter.empty()) context.local_datacenter = first.datacenter;
    topology.local_datacenter = context.local_datacenter;
    topology.nodes.push_back(std::move(first));

    for (RowCursor row = peers.first(); row; row.next()) {
        const NamedCells peer(peers, row);
        Node node = read_node(peer);
        const net::Address at = reported_address(peer, false, port);
        if (at.host.empty() || node.datacenter.empty() || node.tokens.empty() || !seen.insert(node.host_id).second)
            continue;
        node.address = known_address(context, node.host_id, at);
        node.is_up = is_up(context, at);
        reach_through_proxy(context, node, at);
        topology.nodes.push_back(std::move(node));
    }
    std::sort(topology.nodes.begin() + 1, topology.nodes.end(), [](const Node& a, const Node& b) {
        return std::tie(a.address.host, a.address.port, a.server_name) <
               std::tie(b.address.host, b.address.port, b.server_name);
    });
    topology.ring = ring_of(topology);
    return topology;
}

}  // namespace crossfade::nodes
