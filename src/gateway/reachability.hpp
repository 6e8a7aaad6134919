// Which nodes of the cluster can be connected to.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <vector>

#include "net/loop.hpp"
#include "net/stream.hpp"
#include "nodes/topology.hpp"

namespace crossfade::gateway {

// Events of a cluster tell what changes while somebody listens, and its tables list nodes that are down like any other.
// So whoever has just connected to it looks for himself: otherwise a gateway that starts while a node is down would
// name it to applications until it comes back. Loop's thread only.
class Reachability {
public:
    static constexpr std::chrono::milliseconds patience{2000};     // with one node
    static constexpr std::chrono::milliseconds again_after{1000};  // with one that could not be connected to

    // `changed` is called when is_reachable() of a node has changed; not by set_topology().
    Reachability(net::Loop& loop, std::function<void()> changed);
    ~Reachability();  // nothing is called afterwards
    Reachability(const Reachability&) = delete;
    Reachability& operator=(const Reachability&) = delete;

    // Where the nodes are. Those that are not among them are forgotten.
    void set_topology(std::shared_ptr<const nodes::Topology> topology);
    // Connects to each node and closes at once; to those that do not answer again until they do.
    void try_all();
    // Whether the last try came through; true where none has ended.
    bool is_reachable(const nodes::Uuid& host_id) const;
    // Calls `then` once when no try is under way: at once, or within little more than `patience`.
    void when_tried(std::function<void()> then);

private:
    struct Tried;

    void try_one(const nodes::Uuid& host_id);
    void ended(const nodes::Uuid& host_id, const base::Result<void>& how);
    const nodes::Node* find(const nodes::Uuid& host_id) const;
    void tell_those_who_wait();

    net::Loop& loop_;
    const std::function<void()> changed_;
    std::shared_ptr<const nodes::Topology> topology_;
    std::map<nodes::Uuid, std::unique_ptr<Tried>> tried_;
    std::vector<std::function<void()>> waiting_;
};

}  // namespace crossfade::gateway
