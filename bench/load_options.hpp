// What the load generator is told.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

#include "cql/protocol.hpp"
#include "net/stream.hpp"

namespace crossfade::bench {

enum class Mix : std::uint8_t { reads, writes, half };

struct LoadOptions {
    net::Address to{"127.0.0.1", 14002};
    std::uint32_t connections = 16;
    std::uint32_t depth = 32;  // requests in flight on each connection; at most 32,768
    std::uint32_t threads = 1;
    cql::ProtocolVersion version = cql::ProtocolVersion::v4;
    Mix mix = Mix::half;
    bool is_prepared = true;      // EXECUTE, else QUERY with bound values
    bool has_timestamps = false;  // sends default timestamps of its own
    std::string table = "stub.kv";
    std::uint32_t keys = 100'000;     // different ones
    std::uint32_t frame_bytes = 100;  // of a write, as v4 has it
    std::chrono::milliseconds warm_up{500}, window{3000};
    std::uint64_t requests = 0;                 // in all, instead of a window; 0: a window
    std::chrono::milliseconds patience{15000};  // for connecting, and for the last answers
    std::string username, password;
    std::shared_ptr<net::TlsContext> tls;  // null: plain
    std::string server_name;               // TLS SNI; empty: the host
    int watched_process = 0;               // whose CPU time is measured; 0: nobody's
};

}  // namespace crossfade::bench
