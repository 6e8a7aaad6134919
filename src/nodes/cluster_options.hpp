// How to reach one cluster: what crossfade.yaml says under `origin` and `target`.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "net/stream.hpp"
#include "nodes/endpoint.hpp"

namespace crossfade::nodes {

struct Credentials {
    std::string username, password;
    bool empty() const { return username.empty(); }
    bool operator==(const Credentials&) const = default;
};

// What a metadata service says: nodes have no addresses of their own, one proxy leads to each by its host id.
struct SniProxy {
    net::Address address;
    std::vector<std::string> host_ids;  // of some nodes, to begin with
};

struct ClusterOptions {
    std::string label;                         // "origin" or "target": for messages
    std::vector<net::Address> contact_points;  // with ports
    std::optional<SniProxy> sni_proxy;         // given: contact points are not looked at; needs TLS
    std::string local_datacenter;  // empty: the only one there is, or that of the contact point that answered first
    Credentials credentials;       // empty: none
    std::shared_ptr<net::TlsContext> tls;  // null: plain
    std::chrono::milliseconds connect_timeout{5000};
};

}  // namespace crossfade::nodes
