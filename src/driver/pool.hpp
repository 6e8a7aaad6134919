// The connections of a session to the nodes of its datacenter: opened, and opened again with backoff when they are
// lost.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <random>
#include <span>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "base/task.hpp"
#include "driver/node_choice.hpp"
#include "net/loop.hpp"
#include "nodes/cluster_options.hpp"
#include "nodes/connection.hpp"
#include "nodes/topology.hpp"

namespace crossfade::driver {

// Names one node of a pool for as long as the pool lives; 0 is none.
using NodeId = std::uint32_t;

struct PoolOptions {
    PoolOptions() = default;

    nodes::ClusterOptions cluster;
    cql::ProtocolVersion version = cql::ProtocolVersion::v4;
    cql::Compression compression = cql::Compression::none;
    std::uint32_t connections_per_node = 1;
    std::string application_name, keyspace;
    std::chrono::milliseconds request_timeout{12000};
    std::string local_rack;  // replicas in it come first; empty: none is nearer than others
    // Between attempts to connect to a node: doubled from the first to the longest, and each time up to 15 % off, so
    // that many clients do not come at once.
    std::chrono::milliseconds first_backoff{100}, longest_backoff{5000};
};

class PoolOwner {
public:
    // A connection came, or has room again. Not from inside pick().
    virtual void on_pool_room() = 0;
    // Every connection that was to be opened first is open or has failed.
    virtual void on_pool_settled() = 0;
    // The last connection has ended. It may be from inside any other call: nothing may be done but to remember it.
    virtual void on_pool_empty() = 0;

protected:
    ~PoolOwner() = default;
};

// Loop's thread only. The owner outlives it.
class Pool final : public nodes::ConnectionOwner {
public:
    Pool(net::Loop& loop, PoolOwner& owner, PoolOptions options);
    ~Pool();
    Pool(const Pool&) = delete;
    Pool& operator=(const Pool&) = delete;

    // The nodes to have connections to: those of the topology's local datacenter. Connections to others end when
    // nothing is under way on them.
    void set_topology(std::shared_ptr<const nodes::Topology> topology);
    // Ends all; those who wait for answers are told `why`. Nothing is opened any more.
    void close(const base::Error& why);

    struct Wish {
        std::span<const std::uint32_t> replicas;  // indices into the topology's nodes
        NodeId only_if_open = 0;                  // this node, as long as it is open
        NodeId avoid = 0;                         // another node, where one is open
    };
    struct Picked {
        nodes::Connection* connection = nullptr;  // null: nothing has room now; on_pool_room() will be called
        NodeId node = 0;
    };
    Picked pick(const Wish& wish);

    std::size_t node_count() const { return nodes_.size(); }
    std::size_t open_nodes() const;
    std::uint32_t open_connections() const { return open_; }
    bool is_settled() const { return unsettled_ == 0; }
    const base::Error& last_error() const { return last_error_; }

    void on_room(nodes::Connection& connection) override;
    void on_ended(nodes::Connection& connection, const base::Error& why) override;

private:
    struct Slot;
    struct Member;

    Member* find(NodeId id) const;
    nodes::Connection* connection_with_room(const Member& member) const;
    NodeState state_of(const Member& member) const;
    void ask_for_room();
    std::optional<std::size_t> choose(std::optional<std::size_t> avoid);
    void open(Slot& slot);
    void opened(Slot& slot, base::Result<nodes::OpenedConnection> result);
    static base::Task<void> use_keyspace(Pool& pool, Slot& slot, std::shared_ptr<nodes::Connection> fresh);
    void ready(Slot& slot);
    void failed(Slot& slot, const base::Error& why);
    void settle(Slot& slot);
    void lost_one();
    void drop_members_that_left();

    net::Loop& loop_;
    PoolOwner& owner_;
    const PoolOptions options_;
    std::vector<std::unique_ptr<Member>> nodes_;    // those of the topology
    std::vector<std::unique_ptr<Member>> leaving_;  // no longer of the topology, with requests under way
    std::vector<std::uint32_t> node_of_topology_;  // index in the topology → index in nodes_, or one past every index
    std::vector<std::uint32_t> preferred_, near_;  // scratch of pick()
    NodeChoice choice_;
    std::minstd_rand random_;
    NodeId last_id_ = 0;
    std::uint32_t open_ = 0, unsettled_ = 0;
    net::Timer sweep_;
    base::Error last_error_{base::ErrorKind::unavailable, "not connected yet"};
    bool is_closed_ = false;
};

}  // namespace crossfade::driver
