// The cluster that stub processes appear as: each computes the same members, tokens and ids from the same list of
// addresses.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "cql/token.hpp"
#include "stub_node/node_options.hpp"

namespace crossfade::lab {

using Uuid = std::array<std::uint8_t, 16>;

struct Member {
    net::Address address;
    Uuid host_id{};
    std::vector<cql::Token> tokens;  // ascending; all members own equal parts of the ring
};

struct ClusterView {
    Member self;
    std::vector<Member> peers;
    Uuid schema_version{};  // of every member, for ever
};

// Immutable after it is made. Members without a port have the port of options.address.
ClusterView view_cluster(const NodeOptions& options);

// The same 16 bytes for the same text, shaped as a version 4 UUID.
Uuid uuid_from(std::string_view text);

}  // namespace crossfade::lab
