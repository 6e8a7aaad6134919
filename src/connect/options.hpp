// What `crossfade connect` is told.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/secret.hpp"
#include "cql/protocol.hpp"
#include "nodes/cluster_options.hpp"
#include "relay/backend.hpp"
#include "relay/system_tables.hpp"

namespace crossfade::connect {

// Who proves what clients log in with.
enum class ClientLogin : std::uint8_t {
    none,     // nobody: who reaches the endpoint acts under the configured role
    users,    // the endpoint, by its own list; requests run under the configured role
    cluster,  // the cluster; requests run under the client's own role
};

struct Options {
    nodes::ClusterOptions cluster;  // with the configured role

    net::Address bind{"127.0.0.1", 9042};
    std::shared_ptr<net::TlsContext> client_tls;  // null: plain
    ClientLogin client_login = ClientLogin::none;
    std::map<std::string, base::Secret<std::string>> client_users;

    std::optional<net::Address> health;  // where /liveness and /readiness are served; none: nowhere
    std::chrono::milliseconds readiness_timeout{30000};

    // Tried with the cluster in this order, and the highest one that clients are offered.
    std::vector<cql::ProtocolVersion> cluster_versions{cql::ProtocolVersion::v5, cql::ProtocolVersion::v4,
                                                       cql::ProtocolVersion::v3};
    cql::ProtocolVersion highest_version = cql::ProtocolVersion::v5;
    relay::BackendTimes times;
    std::chrono::milliseconds request_timeout{10000};
    std::uint32_t connections_per_node = 1;
    std::uint32_t threads = 0;  // 0: one for each core
    std::uint32_t prepared_statements = 100000;

    bool repeats_graph = false;  // DSE graph requests count as repeatable
    std::vector<cql::Consistency> unsupported_write_consistencies;
    cql::Consistency write_consistency = cql::Consistency::local_quorum;  // in place of those

    // As system tables show this endpoint and its siblings. An empty host is the address that a client came to.
    relay::ShownNode shown;
    std::vector<relay::ShownNode> peers;
};

}  // namespace crossfade::connect
