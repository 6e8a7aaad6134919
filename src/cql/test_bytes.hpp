// Bytes for tests of this directory: written as hex, in heap blocks of exactly their size, and with every version in
// turn.
#pragma once

#include <algorithm>
#include <cassert>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "cql/protocol.hpp"
#include "cql/wire.hpp"

namespace crossfade::cql {

constexpr ProtocolVersion all_versions[] = {ProtocolVersion::v3, ProtocolVersion::v4, ProtocolVersion::v5,
                                            ProtocolVersion::dse_v1, ProtocolVersion::dse_v2};

// The bytes of "04 00 0a", blanks ignored; 'text' in single quotes stands for its bytes.
inline Bytes hex(std::string_view text) {
    const auto digit = [](char c) { return static_cast<std::uint8_t>(c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10); };
    Bytes bytes;
    for (std::size_t i = 0; i < text.size();) {
        if (text[i] == ' ') {
            ++i;
        } else if (text[i] == '\'') {
            const std::size_t end = text.find('\'', i + 1);
            base::append(bytes, base::bytes_of(text.substr(i + 1, end - i - 1)));
            i = end + 1;
        } else {
            bytes.push_back(static_cast<std::uint8_t>(digit(text[i]) << 4 | digit(text[i + 1])));
            i += 2;
        }
    }
    return bytes;
}

// A copy in a heap block that ends where the bytes end: a sanitizer sees each read past them.
class ExactBytes {
public:
    explicit ExactBytes(ByteView bytes) : size_(bytes.size()), block_(new std::uint8_t[bytes.size()]) {
        std::copy(bytes.begin(), bytes.end(), block_.get());
    }
    ByteView view() const { return {block_.get(), size_}; }

private:
    std::size_t size_;
    std::unique_ptr<std::uint8_t[]> block_;
};

// Calls `check(prefix)` with every true prefix of `bytes`, from none to all but one.
template <class Check>
void for_each_prefix(ByteView bytes, Check&& check) {
    for (std::size_t size = 0; size < bytes.size(); ++size) check(ExactBytes(bytes.first(size)).view());
}

inline Bytes copy_of(ByteView bytes) {
    return {bytes.begin(), bytes.end()};
}
inline std::string string_of(ByteView bytes) {
    return std::string(base::text_of(bytes));
}

}  // namespace crossfade::cql
