// Phase 3: which reads say something when two clusters answer them differently.
#pragma once

#include <string_view>

namespace crossfade::proxy {

// Whether clusters with equal rows give equal answers. Not so: what a cluster says of itself (system keyspaces, LIST,
// DESCRIBE, CALL), and what depends on the moment or on chance: now(), uuid(), current…(), ttl(). `keyspace`: what an
// unqualified name means.
bool is_rehearsable(std::string_view text, std::string_view keyspace);

}  // namespace crossfade::proxy
