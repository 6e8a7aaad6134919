// Where a node is reached: at an address of its own, or at an SNI proxy, which knows it by a server name.
#pragma once

#include <string>

#include "net/stream.hpp"

namespace crossfade::nodes {

struct Endpoint {
    net::Address address;
    // That TLS asks for: behind an SNI proxy the node's host id. Empty: the address is the node's own.
    std::string server_name{};
    bool operator==(const Endpoint& other) const {
        return address.host == other.address.host && address.port == other.address.port &&
               server_name == other.server_name;
    }
};

// "10.0.0.1:9042", or "db.example.com:29042 (0a1b2c3d-…)". Different endpoints have different texts.
std::string to_text(const Endpoint& endpoint);

// What a connection to it is told: the certificate there has the name of the address in both cases.
void aim_at(const Endpoint& endpoint, net::Address& to, net::ConnectOptions& connect);

}  // namespace crossfade::nodes
