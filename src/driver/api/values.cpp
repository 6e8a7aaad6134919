#include "crossfade/values.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <atomic>
#include <random>

#include "base/clock.hpp"
#include "cql/scalar_text.hpp"
#include "cql/scalars.hpp"
#include "driver/api/error_of.hpp"



namespace crossfade {
namespace {

// Between 1582-10-15, where version 1 counts from, and 1970, in steps of 100 ns.
constexpr std::int64_t gregorian_offset = 0x01B21DD213814000;

template <class T>
T or_throw(base::Result<T> result) {
    if (!result) throw Error(ErrorCode::bad_value, result.error().message);
    return std::move(*result);
}

void fill_with_chance(std::uint8_t* at, std::size_t size) {
    thread_local std::random_device device;
    for (std::size_t i = 0; i < size; ++i) at[i] = static_cast<std::uint8_t>(device());
}

cql::Varint internal_of(const Varint& value) {
    return cql::Varint{value.bytes};
}

}  // namespace

Uuid Uuid::parse(std::string_view text) {
    return Uuid{or_throw(cql::parse_uuid(text))};
}

Uuid Uuid::random() {
    Uuid made;
    fill_with_chance(made.bytes.data(), made.bytes.size());
    made.bytes[6] = static_cast<std::uint8_t>((made.bytes[6] & 0x0F) | 0x40);
    made.bytes[8] = static_cast<std::uint8_t>((made.bytes[8] & 0x3F) | 0x80);
    return made;
}

Uuid Uuid::time_based() {
    // Clock sequence and node are drawn once for a process: 14 and 47 bits.
    static const std::array<std::uint8_t, 8> of_process = [] {
        std::array<std::uint8_t, 8> drawn{};
        fill_with_chance(drawn.data(), drawn.size());
        drawn[0] = static_cast<std::uint8_t>((drawn[0] & 0x3F) | 0x80);
        drawn[2] |= 0x01;  // no network card's address (RFC 4122 §4.5)
        return drawn;
    }();
    static std::atomic<std::int64_t> last{0};
    const std::int64_t now = base::system_clock().wall_microseconds() * 10 + gregorian_offset;
    std::int64_t before = last.load();
    std::int64_t moment = 0;
    do moment = std::max(now, before + 1);
    while (!last.compare_exchange_weak(before, moment));
    Uuid made;
    const auto ticks = static_cast<std::uint64_t>(moment);
    cql::store_int(made.bytes.data(), static_cast<std::uint32_t>(ticks));
    cql::store_short(made.bytes.data() + 4, static_cast<std::uint16_t>(ticks >> 32));
    cql::store_short(made.bytes.data() + 6, static_cast<std::uint16_t>(((ticks >> 48) & 0x0FFF) | 0x1000));
    std::copy(of_process.begin(), of_process.end(), made.bytes.begin() + 8);
    return made;
}

std::string Uuid::to_string() const {
    return cql::uuid_text(bytes);
}

std::optional<std::chrono::sys_time<std::chrono::nanoseconds>> Uuid::time() const {
    if (bytes[6] >> 4 != 1) return std::nullopt;
    const std::uint64_t low = cql::load_int(bytes.data());
    const std::uint64_t middle = cql::load_short(bytes.data() + 4);
    const std::uint64_t high = cql::load_short(bytes.data() + 6) & 0x0FFFU;
    const auto ticks = static_cast<std::int64_t>(low | (middle << 32) | (high << 48)) - gregorian_offset;
    return std::chrono::sys_time<std::chrono::nanoseconds>(std::chrono::nanoseconds(ticks * 100));
}

Inet Inet::parse(std::string_view text) {
    const std::string copy(text);
    Inet made;
    if (::inet_pton(AF_INET, copy.c_str(), made.bytes.data()) == 1) return made;
    made.size = 16;
    if (::inet_pton(AF_INET6, copy.c_str(), made.bytes.data()) == 1) return made;
    throw Error(ErrorCode::bad_value, "'" + copy + "' is no IP address");
}

std::string Inet::to_string() const {
    return cql::inet_text(cql::Inet{size, bytes});
}

std::string Duration::to_string() const {
    return cql::duration_text(cql::Duration{months, days, nanoseconds});
}

Varint::Varint(std::int64_t value) : bytes(cql::to_varint(value).bytes) {}

Varint Varint::parse(std::string_view text) {
    Varint made;
    made.bytes = or_throw(cql::parse_varint(text)).bytes;
    return made;
}

std::string Varint::to_string() const {
    return cql::varint_text(internal_of(*this));
}

std::optional<std::int64_t> Varint::to_int64() const {
    if (bytes.empty()) return std::nullopt;
    const bool is_negative = (bytes[0] & 0x80) != 0;
    const std::uint8_t sign = is_negative ? 0xFF : 0x00;
    std::size_t from = 0;
    while (from + 1 < bytes.size() && bytes[from] == sign && ((bytes[from + 1] ^ sign) & 0x80) == 0) ++from;
    if (bytes.size() - from > 8) return std::nullopt;
    std::uint64_t value = is_negative ? ~std::uint64_t{0} : 0;
    for (; from < bytes.size(); ++from) value = (value << 8) | bytes[from];
    return static_cast<std::int64_t>(value);
}

Decimal Decimal::parse(std::string_view text) {
    cql::Decimal parsed = or_throw(cql::parse_decimal(text));
    Decimal made;
    made.unscaled.bytes = std::move(parsed.unscaled.bytes);
    made.scale = parsed.scale;
    return made;
}

std::string Decimal::to_string() const {
    return cql::decimal_text(cql::Decimal{scale, internal_of(unscaled)});
}

}  // namespace crossfade
