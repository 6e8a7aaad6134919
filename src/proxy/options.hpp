// What `crossfade proxy` is told: crossfade.yaml's `proxy` section and the two clusters (SEMANTICS, Configuration).
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "nodes/cluster_options.hpp"

namespace crossfade::proxy {

enum class WriteMode : std::uint8_t { strict, target_best_effort, origin_best_effort };
enum class WriteTimestamps : std::uint8_t { inject, pass };
enum class ClientCredentials : std::uint8_t {
    automatic,
    origin,
    target
};  // automatic: the side without configured credentials, else origin

struct Options {
    nodes::ClusterOptions origin, target;
    net::Address listen{"127.0.0.1", 14002};
    net::Address admin{"127.0.0.1", 14001};
    std::vector<std::string> siblings;  // admin URLs of the other proxies
    std::string state_dir;              // resolved: never empty
    int phase = 1;                      // counts only where no state exists
    WriteMode write_mode = WriteMode::strict;
    WriteTimestamps write_timestamps = WriteTimestamps::inject;
    ClientCredentials client_credentials = ClientCredentials::automatic;
    std::chrono::milliseconds request_timeout{10000};
    std::chrono::milliseconds best_effort_wait{100};
    std::uint32_t connections_per_node = 1;
    std::uint32_t threads = 0;                                  // 0: one for each core
    std::uint32_t client_requests_bytes = 16U * 1024U * 1024U;  // budget for requests without an answer
    std::uint32_t client_answers_bytes = 16U * 1024U * 1024U;   // budget for answers not yet taken
    std::uint32_t prepared_statements = 100000;                 // bound of the prepared cache
    std::uint64_t journal_entries = 1000000;  // bound of single entries; past it they collapse by table
    std::uint32_t async_reads = 1024;         // phase 3: reads to the target in flight at most, for each loop
};

}  // namespace crossfade::proxy
