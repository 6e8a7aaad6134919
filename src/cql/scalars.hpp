// Scalars of CQL between their wire bytes (native_protocol_v5.spec §6, without a length before them) and native C++
// types.
//
// encode_… append to `out`. decode_… take the whole value; bytes that are no value of the type are bad_input. An empty
// value of a type that is not text (legal in the server, and not null) has no native form: decode_… refuse it, decode()
// of value.hpp knows it.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "cql/wire.hpp"

namespace crossfade::cql {

using Uuid = std::array<std::uint8_t, 16>;

struct Date {
    std::int32_t days = 0;  // since 1970-01-01
    auto operator<=>(const Date&) const = default;
};

struct Time {
    std::int64_t nanoseconds = 0;  // since midnight
    auto operator<=>(const Time&) const = default;
};

struct Timestamp {
    std::int64_t milliseconds = 0;  // since 1970-01-01T00:00Z
    auto operator<=>(const Timestamp&) const = default;
};

// Its three parts have the same sign.
struct Duration {
    std::int32_t months = 0;
    std::int32_t days = 0;
    std::int64_t nanoseconds = 0;
    bool operator==(const Duration&) const = default;
};

struct Inet {
    std::uint8_t size = 4;  // 4 or 16 bytes
    std::array<std::uint8_t, 16> bytes{};
    bool operator==(const Inet&) const = default;
};

// Any size: two's complement, big-endian. Equal when the bytes are; the shortest form is what all servers and drivers
// write.
struct Varint {
    Bytes bytes;
    bool operator==(const Varint&) const = default;
};

// unscaled × 10^-scale. 1.0 and 1.00 differ.
struct Decimal {
    std::int32_t scale = 0;
    Varint unscaled;
    bool operator==(const Decimal&) const = default;
};

void encode_boolean(Bytes& out, bool value);
void encode_tinyint(Bytes& out, std::int8_t value);
void encode_smallint(Bytes& out, std::int16_t value);
void encode_int(Bytes& out, std::int32_t value);
void encode_bigint(Bytes& out, std::int64_t value);  // counter too
void encode_float(Bytes& out, float value);
void encode_double(Bytes& out, double value);
void encode_text(Bytes& out, std::string_view value);
void encode_blob(Bytes& out, ByteView value);
void encode_uuid(Bytes& out, const Uuid& value);  // timeuuid too
void encode_inet(Bytes& out, const Inet& value);
void encode_date(Bytes& out, Date value);
void encode_time(Bytes& out, Time value);
void encode_timestamp(Bytes& out, Timestamp value);
void encode_duration(Bytes& out, const Duration& value);
void encode_varint(Bytes& out, const Varint& value);
void encode_decimal(Bytes& out, const Decimal& value);

base::Result<bool> decode_boolean(ByteView bytes);  // any byte but 0 is true
base::Result<std::int8_t> decode_tinyint(ByteView bytes);
base::Result<std::int16_t> decode_smallint(ByteView bytes);
base::Result<std::int32_t> decode_int(ByteView bytes);
base::Result<std::int64_t> decode_bigint(ByteView bytes);
base::Result<float> decode_float(ByteView bytes);
base::Result<double> decode_double(ByteView bytes);
base::Result<std::string_view> decode_ascii(ByteView bytes);  // a view on `bytes`
base::Result<std::string_view> decode_text(ByteView bytes);   // a view on `bytes`; UTF-8 as lenient as the server is
base::Result<Uuid> decode_uuid(ByteView bytes);
base::Result<Uuid> decode_timeuuid(ByteView bytes);  // version 1
base::Result<Inet> decode_inet(ByteView bytes);
base::Result<Date> decode_date(ByteView bytes);
base::Result<Time> decode_time(ByteView bytes);  // any number, as the server
base::Result<Timestamp> decode_timestamp(ByteView bytes);
base::Result<Duration> decode_duration(ByteView bytes);  // bytes behind it are ignored, as the server does
base::Result<Varint> decode_varint(ByteView bytes);
base::Result<Decimal> decode_decimal(ByteView bytes);

// Numbers of 64 bits as varints, in the shortest form.
Varint to_varint(std::int64_t value);
// Digits with an optional '-'; bad_input for other text and for more than 10,000 digits.
base::Result<Varint> parse_varint(std::string_view text);
// "12", "-1.50" (scale 2), "1E+3" (scale -3) and so on, as java.math.BigDecimal reads them; bad_input otherwise.
base::Result<Decimal> parse_decimal(std::string_view text);
// xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx in any case; bad_input otherwise.
base::Result<Uuid> parse_uuid(std::string_view text);

// Cassandra's check of UTF-8 (UTF8Serializer): it lets surrogates, C0 80 and code points past 10FFFF through.
bool is_server_utf8(std::string_view text);
// UTF-8 as Unicode defines it: what survives in the text of a statement.
bool is_utf8(std::string_view text);

}  // namespace crossfade::cql
