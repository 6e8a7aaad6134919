// Variable-length integers ([unsigned vint] and [vint] of native_protocol_v5.spec §3): durations and elements of
// vectors have them.
#pragma once

#include <cstdint>

#include "cql/wire.hpp"

namespace crossfade::cql {

// 1 to 9 bytes: as many leading ones in the first as bytes follow it.
void append_unsigned_vint(Bytes& out, std::uint64_t value);
// Zigzag: 0, -1, 1, -2, … are 0, 1, 2, 3, …
void append_vint(Bytes& out, std::int64_t value);

// Give 0 and make `in` bad when it ends too early. More bytes than needed are accepted, as the server does.
std::uint64_t read_unsigned_vint(Reader& in);
std::int64_t read_vint(Reader& in);

}  // namespace crossfade::cql
