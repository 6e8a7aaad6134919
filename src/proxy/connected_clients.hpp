// Who comes through the proxy: client connections by driver, application and address. From phase 5 on they are "still
// here".
#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <vector>

namespace crossfade::proxy {

// What client connections have in common; empty where a client did not say.
struct ClientKind {
    std::string driver, version, application, address;  // address: without the port
    auto operator<=>(const ClientKind&) const = default;
};

// Any thread; a lock is taken when a connection comes or goes. Past `bound` kinds, the rest counts as one with empty
// fields.
class ConnectedClients {
public:
    static constexpr std::size_t bound = 1000;
    explicit ConnectedClients(std::size_t most = bound) : most_(most) {}

    struct Group {
        ClientKind kind;
        std::uint64_t connections = 0;  // open now
        std::int64_t since_us = 0,
                     last_us = 0;  // when its first and its latest connection came, microseconds since 1970
    };
    // Gives the kind that it counts under: what gone() takes.
    ClientKind came(ClientKind kind, std::int64_t now_us);
    void gone(const ClientKind& kind);
    // Whether a kind stays listed, with no connections, after its last one has gone: who comes now and then must be
    // found, too.
    void keep_gone(bool keeps);
    std::vector<Group> groups() const;

private:
    const std::size_t most_;
    mutable std::mutex mutex_;
    bool keeps_gone_ = false;
    std::map<ClientKind, Group> groups_;
};

}  // namespace crossfade::proxy
