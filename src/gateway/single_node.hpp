// A cluster as one node: what drivers read to find nodes, for a connection that asked for no node by name. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "cql/frame.hpp"
#include "cql/statement.hpp"

namespace crossfade::gateway {

enum class SystemTable : std::uint8_t { none, local, peers };
// Which of the two a SELECT reads.
SystemTable system_table_of(const cql::Statement& statement);

// Where clients reach the gateway, as rows tell it.
struct GatewayAddress {
    std::string host;  // an IP address
    std::uint16_t port = 0;
};

// Appends `frame` (a whole RESULT frame, not compressed) without its rows (peers), or with the gateway's address in
// place of the node's (local); any other frame as it is.
void append_as_single_node(SystemTable table, const GatewayAddress& address, const cql::FrameView& frame,
                           base::Bytes& out);
// Whether an EVENT frame is about other nodes.
bool tells_of_nodes(const cql::FrameView& frame);

}  // namespace crossfade::gateway
