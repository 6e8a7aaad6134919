// What WRITE_TIMEOUT calls a write: drivers decide by it whether they may send it again.
#pragma once

#include <string_view>

#include "relay/request.hpp"

namespace crossfade::relay {

// "CAS", "COUNTER", "BATCH", "UNLOGGED_BATCH" or "SIMPLE". `text` is that of a batch which came as text or prepared;
// empty for a BATCH message.
std::string_view write_type_of(const Request::PolicyState& write, std::string_view text);
// Whether drivers send a request again by themselves after this error: where a write may have been executed before, the
// client gets WRITE_TIMEOUT in its place (SEMANTICS, Answers).
bool is_retried_by_drivers(cql::ErrorCode code);

}  // namespace crossfade::relay
