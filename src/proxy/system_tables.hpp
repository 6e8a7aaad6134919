// Answers what drivers read to find nodes: system.local, system.peers and system.peers_v2 show the proxy, not the
// clusters behind it. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "cql/statement.hpp"
#include "proxy/facts.hpp"

namespace crossfade::proxy {

enum class SystemAnswer : std::uint8_t { answered, not_ours };

// Appends the answer to a SELECT on one of the three tables to `frame` (a whole response frame, stream id 0): rows, or
// INVALID where the text asks for what a node's table has not. `cluster` gives columns and the cells that are not
// replaced; `host` and `port` are where the client reached the proxy. not_ours: another table, or the cluster was never
// seen.
SystemAnswer answer_system_query(const cql::Statement& statement, std::string_view text, const ClusterFacts& cluster,
                                 const std::string& host, std::uint16_t port, cql::ProtocolVersion version,
                                 base::Bytes& frame);

// What stands between SELECT and FROM, as drivers write it for these tables: `*`, or columns with optional aliases, or
// count(*).
struct Selector {
    std::string column;  // "*" for all; "count" with is_count
    std::string label;   // as the answer names it
    bool is_count = false;
};
// Errors: bad_input for a selector that is none of these (a function, a cast, JSON).
base::Result<std::vector<Selector>> read_selectors(std::string_view select);

}  // namespace crossfade::proxy
