#include "net/socket.hpp"

#include <arpa/inet.h>
#include <netdb.h>
#include <unistd.h>

#include <cstring>
#include <system_error>

namespace crossfade::net {

void Socket::close() {
    if (descriptor_ >= 0) ::close(descriptor_);
    descriptor_ = -1;
}

bool Endpoint::operator==(const Endpoint& other) const {
    return size == other.size && std::memcmp(&storage, &other.storage, size) == 0;
}

Address Endpoint::address() const {
    char text[INET6_ADDRSTRLEN] = {};
    if (storage.ss_family == AF_INET) {
        const auto& v4 = reinterpret_cast<const sockaddr_in&>(storage);
        inet_ntop(AF_INET, &v4.sin_addr, text, sizeof text);
        return {text, ntohs(v4.sin_port)};
    }
    if (storage.ss_family == AF_INET6) {
        const auto& v6 = reinterpret_cast<const sockaddr_in6&>(storage);
        inet_ntop(AF_INET6, &v6.sin6_addr, text, sizeof text);
        return {text, ntohs(v6.sin6_port)};
    }
    return {"unknown", 0};
}

std::optional<Endpoint> endpoint_of_literal(const Address& address) {
    addrinfo hints{};
    hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV;
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* found = nullptr;
    // A literal needs no look-up: this never blocks. inet_aton's short forms ("127.1", "0") are names here.
    in_addr v4{};
    const bool is_v6 = address.host.find(':') != std::string::npos;
    if (!is_v6 && inet_pton(AF_INET, address.host.c_str(), &v4) != 1) return std::nullopt;
    if (getaddrinfo(address.host.c_str(), std::to_string(address.port).c_str(), &hints, &found) != 0)
        return std::nullopt;
    Endpoint endpoint;
    endpoint.size = found->ai_addrlen;
    std::memcpy(&endpoint.storage, found->ai_addr, found->ai_addrlen);
    freeaddrinfo(found);
    return endpoint;
}

Endpoint local_endpoint(int descriptor) {
    Endpoint endpoint;
    endpoint.size = sizeof endpoint.storage;
    if (getsockname(descriptor, endpoint.get(), &endpoint.size) != 0) endpoint = {};
    return endpoint;
}

Endpoint peer_endpoint(int descriptor) {
    Endpoint endpoint;
    endpoint.size = sizeof endpoint.storage;
    if (getpeername(descriptor, endpoint.get(), &endpoint.size) != 0) endpoint = {};
    return endpoint;
}

Socket open_tcp(const Endpoint& endpoint) {
    return Socket(::socket(endpoint.storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_TCP));
}

std::string text_of_error(int error_number) {
    return std::system_category().message(error_number);
}

}  // namespace crossfade::net
