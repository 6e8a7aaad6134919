// The backend connections of one loop to one cluster under one role, protocol version and compression (SEMANTICS,
// Pools).
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "cql/token.hpp"
#include "nodes/cluster_options.hpp"
#include "nodes/open_connection.hpp"
#include "nodes/topology.hpp"
#include "relay/backend.hpp"

namespace crossfade::relay {

// What a pool is for. Two clients share a pool when all of it is equal.
struct PoolKey {
    std::size_t cluster = 0;
    nodes::Credentials credentials;
    cql::ProtocolVersion version = cql::ProtocolVersion::v4;
    cql::Compression compression = cql::Compression::none;
    bool operator==(const PoolKey&) const = default;
};
struct PoolKeyHash {
    std::size_t operator()(const PoolKey& key) const noexcept;
};

// Where a request would like to go. Views live as long as the call.
struct Wish {
    std::string_view keyspace;          // v3/v4 and an unqualified statement: only a connection USEd to it will do
    std::optional<cql::Token> token;    // a replica is preferred
    const Backend* not_this = nullptr;  // the one that failed, when there is another
};

struct PoolOptions {
    nodes::ClusterOptions cluster;
    std::uint32_t connections_per_node = 1;
    BackendTimes times{};
};

class PoolOwner {
public:
    // A connection came, or has room again: those who wait may try once more.
    virtual void on_pool_room(class Pool& pool) = 0;
    // A connection came, which means room, too. `node_is_back`: to a node that is new in the cluster, or was lost.
    virtual void on_pool_connected(class Pool& pool, Backend& backend, bool node_is_back) = 0;

protected:
    ~PoolOwner() = default;
};

// Loop's thread only. Opens what it needs by itself, and again when a connection is lost, with backoff from 100 ms to 5
// s.
class Pool final : public BackendOwner {
public:
    Pool(net::Loop& loop, PoolOwner& owner, PoolKey key, PoolOptions options);
    ~Pool();
    Pool(const Pool&) = delete;
    Pool& operator=(const Pool&) = delete;

    // The nodes to connect to; at once when it is the first. Nodes that are gone are let finish and closed.
    void set_topology(std::shared_ptr<const nodes::Topology> topology, const std::string& local_datacenter);
    // Puts a connection that somebody else logged in to use (a client's login).
    void adopt(nodes::OpenedConnection opened);

    // A connection with room, or nullptr: nothing has room (then on_pool_room() will be called), or nothing is
    // connected.
    Backend* pick(const Wish& wish, bool internal);
    // A connection to that node (Backend::node()) with room for a request of our own, or nullptr.
    Backend* connection_to(std::string_view node);
    // Null before the first.
    const std::shared_ptr<const nodes::Topology>& topology() const { return topology_; }
    // Whether any connection is open; when not, since when there is none and why.
    bool is_connected() const { return open_ > 0; }
    // Nothing is connected, there are nodes, and no attempt has failed since there was a connection.
    bool is_connecting() const { return open_ == 0 && !nodes_.empty() && !has_failed_; }
    // Whether a token in the wish makes a difference: without one it need not be computed.
    bool wants_tokens() const { return nodes_.size() > 1 && !ring_.empty(); }
    net::Loop::Clock::time_point unconnected_since() const { return unconnected_since_; }
    const std::string& last_error() const { return last_error_; }
    // A server's answer to `USE keyspace` that failed, until it is tried anew (a second later, when somebody asks for
    // it).
    std::optional<base::Error> keyspace_error(std::string_view keyspace) const;

    const PoolKey& key() const { return key_; }
    std::uint32_t users = 0;                    // client sessions that use it; kept by the engine
    net::Loop::Clock::time_point unused_since;  // when users became 0
    std::uint64_t in_flight() const;
    std::size_t open_connections() const { return open_; }
    // Heartbeats; frees what has ended. Called by the engine every second.
    void tick(net::Loop::Clock::time_point now);

    void on_room(Backend& backend) override;
    void on_ended(Backend& backend, const base::Error& why) override;

private:
    struct Slot;  // one connection that should be there
    struct Node;  // one node and its slots
    class UseKeyspace;

    Backend* pick_on(Node& node, const Wish& wish, bool internal);
    void open(Slot& slot);
    void opened(Slot& slot, base::Result<nodes::OpenedConnection> result);
    void use_keyspace(Slot& slot);
    void ready(Slot& slot);
    void failed(Slot& slot, const base::Error& why);
    Slot& add_slot(Node& node, std::string keyspace);
    Backend* pick_replica(const Wish& wish, bool internal);

    net::Loop& loop_;
    PoolOwner& owner_;
    const PoolKey key_;
    const PoolOptions options_;
    std::shared_ptr<const nodes::Topology> topology_;
    std::vector<std::unique_ptr<Node>> nodes_;
    // Of the nodes that are connected to, as indices into nodes_. The owner of a token in the ring of one datacenter is
    // a replica there, whatever the other datacenters have (NetworkTopologyStrategy begins with it).
    cql::TokenRing ring_;
    std::vector<std::unique_ptr<Backend>> ended_;  // destroyed by tick(), never inside their own calls
    std::unordered_map<std::string, base::Error> keyspace_errors_;
    std::size_t next_ = 0;
    std::size_t open_ = 0;
    net::Loop::Clock::time_point unconnected_since_;
    std::string last_error_ = "not connected yet";
    bool has_failed_ = false;
};

}  // namespace crossfade::relay
