// The nodes of a cluster as system.local and system.peers describe them. Pure: rows in, a value out.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "cql/token.hpp"
#include "net/stream.hpp"
#include "nodes/endpoint.hpp"
#include "nodes/rows.hpp"

namespace crossfade::nodes {

using Uuid = std::array<std::uint8_t, 16>;
std::string to_text(const Uuid& uuid);  // "6ba7b810-9dad-11d1-80b4-00c04fd430c8"

struct Node {
    Uuid host_id{};
    net::Address address;     // where CQL is served; for a contact point that answered, as it was given
    std::string server_name;  // behind an SNI proxy (then `address` is the proxy's): the host id; else empty
    std::string datacenter, rack, release_version;
    std::string schema_version;  // textual uuid; empty when not told
    std::vector<cql::Token> tokens;
    bool is_up = true;  // as far as events told; a hint: whether connections work counts
    Endpoint endpoint() const { return {address, server_name}; }
    bool operator==(const Node& other) const;
};

// One state of a cluster. Immutable; shared as shared_ptr<const Topology>, also between threads.
struct Topology {
    std::string cluster_name;  // that the node which was asked says; with the database's id where that is known
    std::string partitioner, release_version;  // of the node that was asked
    std::string local_datacenter;              // the configured one, else that of the node that answered first
    std::vector<Node> nodes;                   // the one that was asked first, the others by address
    cql::TokenRing ring;            // of all datacenters; indices into nodes. Empty unless the partitioner is Murmur3
    bool is_schema_agreed() const;  // all nodes that are up name one schema version
    std::vector<std::string> datacenters() const;  // sorted, each once
    bool operator==(const Topology& other) const;  // of all but the ring, which follows from the nodes
};

// What a control connection knows beside the rows.
struct TopologyContext {
    TopologyContext() = default;
    std::optional<net::Address> sni_proxy;  // all nodes are reached there, each by its host id
    net::Address asked;                     // the node whose system tables these are, as it was connected to
    std::string local_datacenter;           // configured or found before; empty: that of `asked`
    // Nodes that were connected to under an address of their own (contact points), while they report what they did
    // then.
    struct Alias {
        net::Address reported, connected;
    };
    std::map<Uuid, Alias> aliases;
    std::map<std::string, bool> up;  // by reported address (net::to_text): what events said
};

// From the rows of `SELECT * FROM system.local` and of `SELECT * FROM system.peers_v2` (or `system.peers`: whichever
// there is). A peer without address, datacenter or tokens is left out (it is joining or leaving), as are second rows of
// one host. Updates the alias of the node that was asked. Errors: protocol, when `local` has no row.
base::Result<Topology> read_topology(TopologyContext& context, const Rows& local, const Rows& peers);

}  // namespace crossfade::nodes
