// Numbers of any size between two's complement bytes and decimal digits (declared in scalars.hpp and scalar_text.hpp).
#include <algorithm>
#include <bit>
#include <charconv>
#include <limits>

#include "cql/scalar_text.hpp"
#include "cql/scalars.hpp"

namespace crossfade::cql {

namespace {

constexpr std::size_t most_digits = 10'000;
constexpr std::uint32_t digits_base = 1'000'000'000;
constexpr std::size_t digits_in_base = 9;

// A magnitude: 32-bit limbs, the lowest first.
using Limbs = std::vector<std::uint32_t>;

void negate(Bytes& bytes) {
    unsigned carry = 1;
    for (std::size_t i = bytes.size(); i-- > 0;) {
        const unsigned sum = static_cast<std::uint8_t>(~bytes[i]) + carry;
        bytes[i] = static_cast<std::uint8_t>(sum);
        carry = sum >> 8;
    }
}

Limbs magnitude_of(const Bytes& two_complement) {
    Bytes bytes = two_complement;
    const bool is_negative = !bytes.empty() && bytes[0] >= 0x80;
    if (is_negative) negate(bytes);
    Limbs limbs((bytes.size() + 3) / 4, 0);
    for (std::size_t i = 0; i < bytes.size(); ++i)
        limbs[i / 4] |= static_cast<std::uint32_t>(bytes[bytes.size() - 1 - i]) << (8 * (i % 4));
    while (!limbs.empty() && limbs.back() == 0) limbs.pop_back();
    return limbs;
}

// Divides in place; gives the remainder.
std::uint32_t divide(Limbs& limbs, std::uint32_t divisor) {
    std::uint64_t remainder = 0;
    for (std::size_t i = limbs.size(); i-- > 0;) {
        const std::uint64_t dividend = (remainder << 32) | limbs[i];
        limbs[i] = static_cast<std::uint32_t>(dividend / divisor);
        remainder = dividend % divisor;
    }
    while (!limbs.empty() && limbs.back() == 0) limbs.pop_back();
    return static_cast<std::uint32_t>(remainder);
}

void multiply_and_add(Limbs& limbs, std::uint32_t factor, std::uint32_t more) {
    std::uint64_t carry = more;
    for (std::uint32_t& limb : limbs) {
        carry += static_cast<std::uint64_t>(limb) * factor;
        limb = static_cast<std::uint32_t>(carry);
        carry >>= 32;
    }
    if (carry != 0) limbs.push_back(static_cast<std::uint32_t>(carry));
}

std::string digits_of(Limbs limbs) {
    if (limbs.empty()) return "0";
    std::string reversed;
    while (!limbs.empty()) {
        std::uint32_t part = divide(limbs, digits_base);
        for (std::size_t i = 0; i < digits_in_base && (part != 0 || !limbs.empty()); ++i, part /= 10)
            reversed += static_cast<char>('0' + part % 10);
    }
    std::reverse(reversed.begin(), reversed.end());
    return reversed;
}

// The shortest two's complement of it.
Varint to_varint(const Limbs& limbs, bool is_negative) {
    Bytes bytes(1, 0);  // room for the sign
    for (std::size_t i = limbs.size(); i-- > 0;)
        for (int shift = 24; shift >= 0; shift -= 8) bytes.push_back(static_cast<std::uint8_t>(limbs[i] >> shift));
    if (is_negative) negate(bytes);
    std::size_t first = 0;
    const auto repeats_sign = [&](std::size_t i) {
        return (bytes[i] == 0x00 && bytes[i + 1] < 0x80) || (bytes[i] == 0xFF && bytes[i + 1] >= 0x80);
    };
    while (first + 1 < bytes.size() && repeats_sign(first)) ++first;
    return Varint{Bytes(bytes.begin() + static_cast<std::ptrdiff_t>(first), bytes.end())};
}

bool is_digits(std::string_view text) {
    return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

bool is_negative(const Varint& value) {
    return !value.bytes.empty() && value.bytes[0] >= 0x80;
}

Limbs limbs_of_digits(std::string_view digits) {
    Limbs limbs;
    for (std::size_t at = 0; at < digits.size();) {
        const std::size_t length = std::min(digits_in_base, digits.size() - at);
        std::uint32_t part = 0;
        std::uint32_t factor = 1;
        for (std::size_t i = 0; i < length; ++i, ++at) {
            part = part * 10 + static_cast<std::uint32_t>(digits[at] - '0');
            factor *= 10;
        }
        if (limbs.empty() && part != 0)
            limbs.push_back(part);
        else
            multiply_and_add(limbs, factor, part);
    }
    while (!limbs.empty() && limbs.back() == 0) limbs.pop_back();
    return limbs;
}

}  // namespace

Varint to_varint(std::int64_t value) {
    const auto bits = static_cast<std::uint64_t>(value);
    const std::uint64_t magnitude = value < 0 ? 0 - bits : bits;
    return to_varint(Limbs{static_cast<std::uint32_t>(magnitude), static_cast<std::uint32_t>(magnitude >> 32)},
                     value < 0);
}

base::Result<Varint> parse_varint(std::string_view text) {
    const bool has_minus = text.starts_with('-');
    const std::string_view digits = text.substr(has_minus ? 1 : 0);
    if (!is_digits(digits) || digits.size() > most_digits)
        return base::fail(base::ErrorKind::bad_input,
                          "not a whole number of at most 10000 digits: '" + std::string(text.substr(0, 50)) + "'");
    return to_varint(limbs_of_digits(digits), has_minus);
}

std::string varint_text(const Varint& value) {
    return (is_negative(value) ? "-" : "") + digits_of(magnitude_of(value.bytes));
}

base::Result<Decimal> parse_decimal(std::string_view text) {
    const auto wrong = [&] {
        return base::fail(base::ErrorKind::bad_input,
                          "not a decimal number: '" + std::string(text.substr(0, 50)) + "'");
    };
    std::string_view mantissa = text;
    std::int64_t exponent = 0;
    if (const std::size_t e = text.find_first_of("eE"); e != std::string_view::npos) {
        mantissa = text.substr(0, e);
        std::string_view digits = text.substr(e + 1);
        if (digits.starts_with('+')) {
            digits.remove_prefix(1);
            if (digits.starts_with('-')) return wrong();
        }
        const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), exponent);
        if (error != std::errc() || end != digits.data() + digits.size() || exponent > 1LL << 32 ||
            exponent < -(1LL << 32))
            return wrong();
    }
    std::string unscaled(mantissa);
    std::int64_t scale = -exponent;
    if (const std::size_t point = mantissa.find('.'); point != std::string_view::npos) {
        unscaled.erase(point, 1);
        scale += static_cast<std::int64_t>(mantissa.size() - point - 1);
    }
    if (scale < std::numeric_limits<std::int32_t>::min() || scale > std::numeric_limits<std::int32_t>::max())
        return wrong();
    auto number = parse_varint(unscaled);
    if (!number) return wrong();
    return Decimal{static_cast<std::int32_t>(scale), std::move(*number)};
}

std::string decimal_text(const Decimal& value) {
    const std::string digits = digits_of(magnitude_of(value.unscaled.bytes));
    const std::string sign = is_negative(value.unscaled) ? "-" : "";
    // Plain as long as a reader can count the noughts; the other form keeps any scale.
    constexpr std::int32_t plain_scale = 30;
    if (value.scale == 0) return sign + digits;
    if (value.scale < 0 || value.scale > plain_scale) {
        const std::int64_t exponent = -static_cast<std::int64_t>(value.scale);
        return sign + digits + (exponent > 0 ? "E+" : "E") + std::to_string(exponent);
    }
    const auto scale = static_cast<std::size_t>(value.scale);
    const std::string padded = digits.size() > scale ? digits : std::string(scale + 1 - digits.size(), '0') + digits;
    return sign + padded.substr(0, padded.size() - scale) + "." + padded.substr(padded.size() - scale);
}

}  // namespace crossfade::cql
