// Body compression of v3, v4 and DSE frames (§5 of their specifications). v5 compresses segments instead.
#pragma once

#include "base/result.hpp"
#include "cql/wire.hpp"

namespace crossfade::cql {

enum class Compression : std::uint8_t { none, lz4, snappy };

// "lz4" or "snappy" in any case; not_found otherwise.
base::Result<Compression> compression_named(std::string_view name);
std::string_view name_of(Compression compression);  // "" for none

// Appends the decompressed `body` to `out`. Errors (bad_input): damaged data, or a claimed size over `largest` (nothing
// is allocated for it).
base::Result<void> decompress(Compression compression, ByteView body, std::uint32_t largest, Bytes& out);
// Appends the compressed `body` to `out` (lz4: 4-byte big-endian length before the block).
void compress(Compression compression, ByteView body, Bytes& out);

}  // namespace crossfade::cql
