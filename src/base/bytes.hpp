// Byte sequences. Everything on the wire is unsigned bytes; text is a view on them.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace crossfade::base {

// Read-only bytes that somebody else owns. Valid as long as their owner says.
using ByteView = std::span<const std::uint8_t>;

// Bytes that the holder owns. Cleared and refilled rather than reallocated where speed matters.
using Bytes = std::vector<std::uint8_t>;

// The bytes of `text`, without a copy; valid as long as the text is.
inline ByteView bytes_of(std::string_view text) {
    return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

// `bytes` seen as text, without a copy or a check of their encoding.
inline std::string_view text_of(ByteView bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// Appends a copy of `more` to `bytes`.
inline void append(Bytes& bytes, ByteView more) {
    bytes.insert(bytes.end(), more.begin(), more.end());
}

}  // namespace crossfade::base
