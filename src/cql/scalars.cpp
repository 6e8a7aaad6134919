#include "cql/scalars.hpp"

#include <bit>
#include <cassert>

#include "cql/vint.hpp"

namespace crossfade::cql {

namespace {

constexpr std::uint32_t date_of_1970 = 0x80000000U;

template <class Unsigned>
void append_number(Bytes& out, Unsigned value) {
    for (int shift = static_cast<int>(sizeof(Unsigned)) * 8 - 8; shift >= 0; shift -= 8)
        out.push_back(static_cast<std::uint8_t>(value >> shift));
}

tl::unexpected<base::Error> wrong_size(std::string_view type, ByteView bytes) {
    return base::fail(base::ErrorKind::bad_input, "a value of type " + std::string(type) + " cannot have " +
                                                      std::to_string(bytes.size()) + " bytes");
}

template <class Unsigned>
Unsigned load_number(ByteView bytes) {
    Unsigned value = 0;
    for (const std::uint8_t byte : bytes)
        value = static_cast<Unsigned>((static_cast<std::uint64_t>(value) << 8) | byte);
    return value;
}

// A number of fixed size; `Native` has the size of its wire form.
template <class Native, class Unsigned>
base::Result<Native> decode_number(ByteView bytes, std::string_view type) {
    static_assert(sizeof(Native) == sizeof(Unsigned));
    if (bytes.size() != sizeof(Unsigned)) return wrong_size(type, bytes);
    return std::bit_cast<Native>(load_number<Unsigned>(bytes));
}

}  // namespace

void encode_boolean(Bytes& out, bool value) {
    out.push_back(value ? 1 : 0);
}
void encode_tinyint(Bytes& out, std::int8_t value) {
    out.push_back(static_cast<std::uint8_t>(value));
}
void encode_smallint(Bytes& out, std::int16_t value) {
    append_number(out, static_cast<std::uint16_t>(value));
}
void encode_int(Bytes& out, std::int32_t value) {
    append_number(out, static_cast<std::uint32_t>(value));
}
void encode_bigint(Bytes& out, std::int64_t value) {
    append_number(out, static_cast<std::uint64_t>(value));
}
void encode_float(Bytes& out, float value) {
    append_number(out, std::bit_cast<std::uint32_t>(value));
}
void encode_double(Bytes& out, double value) {
    append_number(out, std::bit_cast<std::uint64_t>(value));
}
void encode_text(Bytes& out, std::string_view value) {
    base::append(out, base::bytes_of(value));
}
void encode_blob(Bytes& out, ByteView value) {
    base::append(out, value);
}
void encode_uuid(Bytes& out, const Uuid& value) {
    base::append(out, value);
}
void encode_inet(Bytes& out, const Inet& value) {
    assert(value.size == 4 || value.size == 16);
    base::append(out, ByteView(value.bytes).first(value.size));
}
void encode_date(Bytes& out, Date value) {
    append_number(out, static_cast<std::uint32_t>(value.days) + date_of_1970);
}
void encode_time(Bytes& out, Time value) {
    encode_bigint(out, value.nanoseconds);
}
void encode_timestamp(Bytes& out, Timestamp value) {
    encode_bigint(out, value.milliseconds);
}
void encode_duration(Bytes& out, const Duration& value) {
    append_vint(out, value.months);
    append_vint(out, value.days);
    append_vint(out, value.nanoseconds);
}
void encode_varint(Bytes& out, const Varint& value) {
    base::append(out, value.bytes);
}
void encode_decimal(Bytes& out, const Decimal& value) {
    encode_int(out, value.scale);
    encode_varint(out, value.unscaled);
}

base::Result<bool> decode_boolean(ByteView bytes) {
    if (bytes.size() != 1) return wrong_size("boolean", bytes);
    return bytes[0] != 0;
}
base::Result<std::int8_t> decode_tinyint(ByteView bytes) {
    return decode_number<std::int8_t, std::uint8_t>(bytes, "tinyint");
}
base::Result<std::int16_t> decode_smallint(ByteView bytes) {
    return decode_number<std::int16_t, std::uint16_t>(bytes, "smallint");
}
base::Result<std::int32_t> decode_int(ByteView bytes) {
    return decode_number<std::int32_t, std::uint32_t>(bytes, "int");
}
base::Result<std::int64_t> decode_bigint(ByteView bytes) {
    return decode_number<std::int64_t, std::uint64_t>(bytes, "bigint");
}
base::Result<float> decode_float(ByteView bytes) {
    return decode_number<float, std::uint32_t>(bytes, "float");
}
base::Result<double> decode_double(ByteView bytes) {
    return decode_number<double, std::uint64_t>(bytes, "double");
}

base::Result<std::string_view> decode_ascii(ByteView bytes) {
    for (const std::uint8_t byte : bytes)
        if (byte >= 0x80)
            return base::fail(base::ErrorKind::bad_input, "a value of type ascii has a byte of 0x80 or above");
    return base::text_of(bytes);
}

base::Result<std::string_view> decode_text(ByteView bytes) {
    const std::string_view text = base::text_of(bytes);
    if (!is_server_utf8(text)) return base::fail(base::ErrorKind::bad_input, "a value of type text is not UTF-8");
    return text;
}

base::Result<Uuid> decode_uuid(ByteView bytes) {
    Uuid uuid;
    if (bytes.size() != uuid.size()) return wrong_size("uuid", bytes);
    std::copy(bytes.begin(), bytes.end(), uuid.begin());
    return uuid;
}

base::Result<Uuid> decode_timeuuid(ByteView bytes) {
    auto uuid = decode_uuid(bytes);
    if (uuid && ((*uuid)[6] >> 4) != 1)
        return base::fail(base::ErrorKind::bad_input, "a value of type timeuuid is not of version 1");
    return uuid;
}

base::Result<Inet> decode_inet(ByteView bytes) {
    if (bytes.size() != 4 && bytes.size() != 16) return wrong_size("inet", bytes);
    Inet inet;
    inet.size = static_cast<std::uint8_t>(bytes.size());
    std::copy(bytes.begin(), bytes.end(), inet.bytes.begin());
    return inet;
}

base::Result<Date> decode_date(ByteView bytes) {
    if (bytes.size() != 4) return wrong_size("date", bytes);
    return Date{static_cast<std::int32_t>(load_number<std::uint32_t>(bytes) - date_of_1970)};
}
base::Result<Time> decode_time(ByteView bytes) {
    if (bytes.size() != 8) return wrong_size("time", bytes);
    return Time{*decode_bigint(bytes)};
}
base::Result<Timestamp> decode_timestamp(ByteView bytes) {
    if (bytes.size() != 8) return wrong_size("timestamp", bytes);
    return Timestamp{*decode_bigint(bytes)};
}

base::Result<Duration> decode_duration(ByteView bytes) {
    Reader in(bytes);
    const std::int64_t months = read_vint(in);
    const std::int64_t days = read_vint(in);
    const std::int64_t nanoseconds = read_vint(in);
    if (!in.ok()) return wrong_size("duration", bytes);
    const Duration duration{static_cast<std::int32_t>(months), static_cast<std::int32_t>(days), nanoseconds};
    if (duration.months != months || duration.days != days)
        return base::fail(base::ErrorKind::bad_input, "a duration's months or days do not fit 32 bits");
    const bool has_negative = months < 0 || days < 0 || nanoseconds < 0;
    const bool has_positive = months > 0 || days > 0 || nanoseconds > 0;
    if (has_negative && has_positive)
        return base::fail(base::ErrorKind::bad_input, "a duration's months, days and nanoseconds differ in their sign");
    return duration;
}

base::Result<Varint> decode_varint(ByteView bytes) {
    if (bytes.empty()) return wrong_size("varint", bytes);
    return Varint{Bytes(bytes.begin(), bytes.end())};
}

base::Result<Decimal> decode_decimal(ByteView bytes) {
    if (bytes.size() < 5) return wrong_size("decimal", bytes);
    return Decimal{*decode_int(bytes.first(4)), Varint{Bytes(bytes.begin() + 4, bytes.end())}};
}

base::Result<Uuid> parse_uuid(std::string_view text) {
    const auto wrong = [&] {
        return base::fail(base::ErrorKind::bad_input, "not a UUID: '" + std::string(text) + "'");
    };
    if (text.size() != 36) return wrong();
    Uuid uuid{};
    std::size_t digits = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        if (i == 8 || i == 13 || i == 18 || i == 23) {
            if (c != '-') return wrong();
            continue;
        }
        const int digit = c >= '0' && c <= '9'   ? c - '0'
                          : c >= 'a' && c <= 'f' ? c - 'a' + 10
                          : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                                 : -1;
        if (digit < 0) return wrong();
        uuid[digits / 2] = static_cast<std::uint8_t>((uuid[digits / 2] << 4) | digit);
        ++digits;
    }
    return uuid;
}

namespace {

// How long the character at the start of `text` is, 0 when it is none. `strict`: as Unicode says.
std::size_t character_length(std::string_view text, bool strict) {
    const auto byte = [&](std::size_t i) -> unsigned {
        return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U;
    };
    const auto follows = [&](std::size_t i) { return (byte(i) & 0xC0U) == 0x80U; };
    const unsigned first = byte(0);
    if (first < 0x80) return 1;
    if (first < 0xC2) return !strict && first == 0xC0 && byte(1) == 0x80 ? 2 : 0;
    if (first < 0xE0) return follows(1) ? 2 : 0;
    if (first < 0xF0) {
        if (!follows(1) || !follows(2) || (first == 0xE0 && byte(1) < 0xA0)) return 0;
        return strict && first == 0xED && byte(1) >= 0xA0 ? 0 : 3;
    }
    if (first >= 0xF8 || !follows(1) || !follows(2) || !follows(3) || (first == 0xF0 && byte(1) < 0x90)) return 0;
    return strict && (first > 0xF4 || (first == 0xF4 && byte(1) >= 0x90)) ? 0 : 4;
}

bool is_all_characters(std::string_view text, bool strict) {
    while (!text.empty()) {
        const std::size_t length = character_length(text, strict);
        if (length == 0) return false;
        text.remove_prefix(length);
    }
    return true;
}

}  // namespace

bool is_server_utf8(std::string_view text) {
    return is_all_characters(text, false);
}
bool is_utf8(std::string_view text) {
    return is_all_characters(text, true);
}

}  // namespace crossfade::cql
