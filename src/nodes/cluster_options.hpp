// How to reach one cluster: what crossfade.yaml says under `origin` and `target`.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "cql/handshake.hpp"
#include "net/stream.hpp"
#include "nodes/endpoint.hpp"

namespace crossfade::nodes {

struct Credentials {
    std::string username, password;
    bool empty() const { return username.empty(); }
    bool operator==(const Credentials&) const = default;
};

struct ClusterOptions {
    std::string label;                         // "origin" or "target": for messages
    std::vector<net::Address> contact_points;  // with ports
    // Of a bundle: says where the SNI proxy is that leads to each node by its host id, and of which datacenter. Given:
    // contact points are not looked at; needs TLS.
    std::optional<net::Address> metadata_service;
    std::string local_datacenter;  // empty: as the metadata service says; without one, that of the contact point that
                                   // answered first
    Credentials credentials;       // empty: none
    cql::MakeLogin make_login;     // instead of credentials; may be empty
    std::vector<std::pair<std::string, std::string>> startup_options;  // beside those that we send: DRIVER_VERSION, …
    std::shared_ptr<net::TlsContext> tls;                              // null: plain
    std::chrono::milliseconds connect_timeout{5000};
    std::chrono::milliseconds metadata_timeout{10000};
};

}  // namespace crossfade::nodes
