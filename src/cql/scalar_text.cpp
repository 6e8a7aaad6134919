#include "cql/scalar_text.hpp"

#include <array>
#include <charconv>
#include <chrono>
#include <cmath>

namespace crossfade::cql {

namespace {

constexpr std::string_view hex_digits = "0123456789abcdef";
constexpr std::int64_t milliseconds_in_day = 86'400'000;
constexpr std::int64_t nanoseconds_in_day = 86'400'000'000'000;
// 0001-01-01 and 9999-12-31 as days since 1970.
constexpr std::int64_t first_usual_day = -719'162;
constexpr std::int64_t last_usual_day = 2'932'896;

std::string padded(std::uint64_t number, std::size_t digits) {
    std::string text = std::to_string(number);
    return text.size() < digits ? std::string(digits - text.size(), '0') + text : text;
}

std::string day_text(std::int64_t days) {
    const std::chrono::year_month_day day{std::chrono::sys_days(std::chrono::days(days))};
    return padded(static_cast<std::uint64_t>(static_cast<int>(day.year())), 4) + "-" +
           padded(static_cast<unsigned>(day.month()), 2) + "-" + padded(static_cast<unsigned>(day.day()), 2);
}

std::string clock_text(std::uint64_t seconds) {
    return padded(seconds / 3600, 2) + ":" + padded(seconds / 60 % 60, 2) + ":" + padded(seconds % 60, 2);
}

std::int64_t floor_divide(std::int64_t value, std::int64_t by) {
    return value / by - (value % by < 0 ? 1 : 0);
}

// The longest run of two or more zero groups, which becomes "::".
std::pair<int, int> longest_zeros(const std::array<unsigned, 8>& groups) {
    std::pair<int, int> best{-1, 1};
    for (int i = 0; i < 8; ++i) {
        int length = 0;
        while (i + length < 8 && groups[static_cast<std::size_t>(i + length)] == 0) ++length;
        if (length > best.second) best = {i, length};
    }
    return best;
}

std::string ipv6_text(const Inet& value) {
    std::array<unsigned, 8> groups{};
    for (std::size_t i = 0; i < groups.size(); ++i) groups[i] = load_short(value.bytes.data() + 2 * i);
    const auto [zeros, count] = longest_zeros(groups);
    std::string text;
    for (int i = 0; i < 8; ++i) {
        if (i == zeros) {
            text += "::";
            i += count - 1;
            continue;
        }
        if (!text.empty() && text.back() != ':') text += ':';
        std::array<char, 4> digits{};
        const auto end =
            std::to_chars(digits.data(), digits.data() + digits.size(), groups[static_cast<std::size_t>(i)], 16).ptr;
        text.append(digits.data(), end);
    }
    return text;
}

template <class Real>
std::string real_text(Real value) {
    if (std::isnan(value)) return "NaN";
    if (std::isinf(value)) return value < 0 ? "-Infinity" : "Infinity";
    std::array<char, 64> digits{};
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
    std::string text(digits.data(), end);
    if (text.find_first_of(".e") == std::string::npos) text += ".0";
    return text;
}

std::uint64_t magnitude(std::int64_t value) {
    return value < 0 ? 0 - static_cast<std::uint64_t>(value) : static_cast<std::uint64_t>(value);
}

}  // namespace

std::string uuid_text(const Uuid& value) {
    std::string text;
    text.reserve(36);
    for (std::size_t i = 0; i < value.size(); ++i) {
        if (i == 4 || i == 6 || i == 8 || i == 10) text += '-';
        text += hex_digits[value[i] >> 4];
        text += hex_digits[value[i] & 15];
    }
    return text;
}

std::string inet_text(const Inet& value) {
    if (value.size != 4) return ipv6_text(value);
    std::string text;
    for (std::size_t i = 0; i < 4; ++i) text += (i == 0 ? "" : ".") + std::to_string(value.bytes[i]);
    return text;
}

bool is_usual(Date value) {
    return value.days >= first_usual_day && value.days <= last_usual_day;
}
bool is_usual(Time value) {
    return value.nanoseconds >= 0 && value.nanoseconds < nanoseconds_in_day;
}
bool is_usual(Timestamp value) {
    const std::int64_t days = floor_divide(value.milliseconds, milliseconds_in_day);
    return days >= first_usual_day && days <= last_usual_day;
}

std::string date_text(Date value) {
    if (!is_usual(value)) return (value.days > 0 ? "+" : "") + std::to_string(value.days) + " days";
    return day_text(value.days);
}

std::string time_text(Time value) {
    if (!is_usual(value)) return std::to_string(value.nanoseconds) + "ns";
    const auto nanoseconds = static_cast<std::uint64_t>(value.nanoseconds);
    std::string text = clock_text(nanoseconds / 1'000'000'000);
    if (nanoseconds % 1'000'000'000 != 0) text += "." + padded(nanoseconds % 1'000'000'000, 9);
    return text;
}

std::string timestamp_text(Timestamp value) {
    if (!is_usual(value)) return std::to_string(value.milliseconds) + "ms";
    const std::int64_t days = floor_divide(value.milliseconds, milliseconds_in_day);
    const auto rest = static_cast<std::uint64_t>(value.milliseconds - days * milliseconds_in_day);
    return day_text(days) + "T" + clock_text(rest / 1000) + "." + padded(rest % 1000, 3) + "Z";
}

std::string duration_text(const Duration& value) {
    std::string text;
    if (value.months != 0) text += std::to_string(magnitude(value.months)) + "mo";
    if (value.days != 0) text += std::to_string(magnitude(value.days)) + "d";
    if (value.nanoseconds != 0) text += std::to_string(magnitude(value.nanoseconds)) + "ns";
    if (text.empty()) return "0s";
    return (value.months < 0 || value.days < 0 || value.nanoseconds < 0 ? "-" : "") + text;
}

std::string float_text(float value) {
    return real_text(value);
}
std::string double_text(double value) {
    return real_text(value);
}

std::string hex_text(ByteView bytes) {
    std::string text = "0x";
    text.reserve(2 + 2 * bytes.size());
    for (const std::uint8_t byte : bytes) {
        text += hex_digits[byte >> 4];
        text += hex_digits[byte & 15];
    }
    return text;
}

}  // namespace crossfade::cql
