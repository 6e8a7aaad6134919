// Descriptors and socket addresses. For net's own sources only.
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include <optional>
#include <string>
#include <utility>

#include "net/stream.hpp"

namespace crossfade::net {

// Owns one file descriptor.
class Socket {
public:
    Socket() = default;
    explicit Socket(int descriptor) : descriptor_(descriptor) {}
    Socket(Socket&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
    Socket& operator=(Socket&& other) noexcept {
        std::swap(descriptor_, other.descriptor_);
        return *this;
    }
    ~Socket() { close(); }
    int get() const { return descriptor_; }
    bool is_open() const { return descriptor_ >= 0; }
    void close();

private:
    int descriptor_ = -1;
};

// An IP address and port as the system takes it.
struct Endpoint {
    sockaddr_storage storage{};
    socklen_t size = 0;

    const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
    sockaddr* get() { return reinterpret_cast<sockaddr*>(&storage); }
    bool operator==(const Endpoint& other) const;
    Address address() const;
};

// `host` when it is an IP address in figures (with a zone, too: "fe80::1%eth0"); nothing when it is a name.
std::optional<Endpoint> endpoint_of_literal(const Address& address);
Endpoint local_endpoint(int descriptor);
Endpoint peer_endpoint(int descriptor);
// A new TCP socket of the endpoint's family: non-blocking, not inherited by children. Not open, with errno, on failure.
Socket open_tcp(const Endpoint& endpoint);
std::string text_of_error(int error_number);

}  // namespace crossfade::net
