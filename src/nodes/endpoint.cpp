#include "nodes/endpoint.hpp"

namespace crossfade::nodes {

std::string to_text(const Endpoint& endpoint) {
    const std::string address = net::to_text(endpoint.address);
    return endpoint.server_name.empty() ? address : address + " (" + endpoint.server_name + ")";
}

void aim_at(const Endpoint& endpoint, net::Address& to, net::ConnectOptions& connect) {
    to = endpoint.address;
    connect.server_name = endpoint.server_name;
    connect.verify_name = endpoint.server_name.empty() ? std::string() : endpoint.address.host;
}

}  // namespace crossfade::nodes
