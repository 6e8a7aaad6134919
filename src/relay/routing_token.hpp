// Where a bound statement belongs on the ring. Pure.
#pragma once

#include <optional>
#include <vector>

#include "cql/request.hpp"
#include "cql/token.hpp"

namespace crossfade::relay {

// The token of the partition that a bound statement names; `key_indices` as PreparedStatement has them. Nothing where a
// component is not known, missing or null, or where values have names.
std::optional<cql::Token> routing_token(const std::vector<std::uint16_t>& key_indices,
                                        const cql::QueryParameters& parameters);

}  // namespace crossfade::relay
