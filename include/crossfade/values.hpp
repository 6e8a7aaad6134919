// CQL values that C++ has no type of its own for. Plain values: any thread.
#pragma once

#include <array>
#include <chrono>
#include <compare>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace crossfade {

// Bytes that the holder owns, and bytes that somebody else owns: CQL blob.
using Blob = std::vector<std::uint8_t>;
using BlobView = std::span<const std::uint8_t>;

// CQL timestamp, date and time. The time of a day counts from midnight.
using Timestamp = std::chrono::sys_time<std::chrono::milliseconds>;
using Date = std::chrono::sys_days;
using TimeOfDay = std::chrono::nanoseconds;

// uuid and timeuuid.
struct Uuid {
    std::array<std::uint8_t, 16> bytes{};

    // xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx in any case. Throws Error (bad_value).
    static Uuid parse(std::string_view text);
    static Uuid random();  // version 4
    // Version 1, of this moment. Two calls never give the same one, whatever the thread, nor do two processes, but for
    // a chance of 2^-61.
    static Uuid time_based();

    // In lower case.
    std::string to_string() const;
    // Of version 1: its moment, in steps of 100 ns; nothing for other versions.
    std::optional<std::chrono::sys_time<std::chrono::nanoseconds>> time() const;
    auto operator<=>(const Uuid&) const = default;
};

struct Inet {
    std::array<std::uint8_t, 16> bytes{};
    std::uint8_t size = 4;  // 4 or 16

    // "10.20.30.40", "::1". Throws Error (bad_value).
    static Inet parse(std::string_view text);
    // As parse() reads it; IPv6 in its shortest form.
    std::string to_string() const;
    auto operator<=>(const Inet&) const = default;
};

// CQL duration. Its parts have the same sign. Not ordered: a month has no fixed length.
struct Duration {
    std::int32_t months = 0, days = 0;
    std::int64_t nanoseconds = 0;

    std::string to_string() const;  // "1mo2d3ns"
    bool operator==(const Duration&) const = default;
};

// An integer of any size.
struct Varint {
    Blob bytes{0};  // two's complement, the most significant byte first; at least one

    Varint() = default;
    explicit Varint(std::int64_t value);
    // Digits with an optional '-'. Throws Error (bad_value).
    static Varint parse(std::string_view text);
    // Digits, with a '-' where it is negative.
    std::string to_string() const;
    std::optional<std::int64_t> to_int64() const;  // nothing when it does not fit
    bool operator==(const Varint&) const = default;
};

// unscaled × 10^-scale; 1.0 and 1.00 differ.
struct Decimal {
    Varint unscaled;
    std::int32_t scale = 0;

    // "-1.50", "1E+3". Throws Error (bad_value).
    static Decimal parse(std::string_view text);
    // With its scale: "-1.50", "1E+3".
    std::string to_string() const;
    bool operator==(const Decimal&) const = default;
};

// Binds nothing at all: what the row has stays as it is (protocol v4 and up).
struct Unset {};
inline constexpr Unset unset{};

}  // namespace crossfade
