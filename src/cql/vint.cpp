#include "cql/vint.hpp"

#include <bit>

namespace crossfade::cql {

void append_unsigned_vint(Bytes& out, std::uint64_t value) {
    const int significant_bits = 64 - std::countl_zero(value | 1);
    // Each byte gives seven bits, the ninth eight: its first byte is all ones.
    const int more_bytes = significant_bits > 56 ? 8 : (significant_bits - 1) / 7;
    const unsigned ones = more_bytes == 0 ? 0U : (0xFF00U >> more_bytes) & 0xFFU;
    const std::uint64_t top = more_bytes == 8 ? 0 : value >> (8 * more_bytes);
    out.push_back(static_cast<std::uint8_t>(ones | top));
    for (int i = more_bytes - 1; i >= 0; --i) out.push_back(static_cast<std::uint8_t>(value >> (8 * i)));
}

void append_vint(Bytes& out, std::int64_t value) {
    const auto bits = static_cast<std::uint64_t>(value);
    append_unsigned_vint(out, (bits << 1) ^ (value < 0 ? ~std::uint64_t{0} : 0));
}

std::uint64_t read_unsigned_vint(Reader& in) {
    const std::uint8_t first = in.byte();
    const int more_bytes = std::countl_one(first);
    std::uint64_t value = more_bytes == 8 ? 0 : first & (0xFFU >> more_bytes);
    for (const std::uint8_t byte : in.raw(static_cast<std::size_t>(more_bytes))) value = (value << 8) | byte;
    return in.ok() ? value : 0;
}

std::int64_t read_vint(Reader& in) {
    const std::uint64_t bits = read_unsigned_vint(in);
    return static_cast<std::int64_t>((bits >> 1) ^ ((bits & 1) != 0 ? ~std::uint64_t{0} : 0));
}

}  // namespace crossfade::cql
