// What an application may be told of its cluster.
#pragma once

#include <cstdint>
#include <string>

#include "crossfade/values.hpp"

namespace crossfade {

struct NodeInfo {
    Uuid host_id;
    std::string address;  // "10.20.30.40:9042"
    std::string datacenter, rack, release_version;
    bool is_up = true;  // as the cluster told
};

struct SchemaChange {
    std::string change;  // "CREATED", "UPDATED", "DROPPED"
    std::string target;  // "KEYSPACE", "TABLE", "TYPE", "FUNCTION", "AGGREGATE"
    std::string keyspace;
    std::string name;  // of the target in its keyspace; empty for a keyspace
};

// Called on the driver's thread, once for each session; must not block. What is not overridden does nothing.
class ClusterListener {
public:
    virtual ~ClusterListener() = default;
    // A node that was not there before, of any datacenter. What is given is valid as long as the call; so below.
    virtual void on_node_added(const NodeInfo&) {}
    // It has left the cluster.
    virtual void on_node_removed(const NodeInfo&) {}
    // As the cluster told, whatever our own connections are.
    virtual void on_node_up(const NodeInfo&) {}
    // The same.
    virtual void on_node_down(const NodeInfo&) {}
    // Each event that the cluster sends, of all keyspaces; the nodes may not agree on it yet.
    virtual void on_schema_change(const SchemaChange&) {}
};

}  // namespace crossfade
