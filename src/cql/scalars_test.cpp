#include "cql/scalars.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>

#include "cql/codec_examples.hpp"
#include "cql/scalar_text.hpp"
#include "cql/vint.hpp"

namespace crossfade::cql {
namespace {

// The bytes that encode_… appends.
template <class Encode, class Native>
std::string encoded(Encode encode, const Native& value) {
    Bytes out;
    encode(out, value);
    return hex_text(out);
}

TEST(Scalars, AreEncodedAsTheSpecificationSays) {
    EXPECT_EQ(encoded(encode_boolean, true), "0x01");
    EXPECT_EQ(encoded(encode_tinyint, std::int8_t{-2}), "0xfe");
    EXPECT_EQ(encoded(encode_smallint, std::int16_t{-2}), "0xfffe");
    EXPECT_EQ(encoded(encode_int, 258), "0x00000102");
    EXPECT_EQ(encoded(encode_bigint, std::int64_t{-1}), "0xffffffffffffffff");
    EXPECT_EQ(encoded(encode_float, 1.5F), "0x3fc00000");
    EXPECT_EQ(encoded(encode_double, -2.0), "0xc000000000000000");
    EXPECT_EQ(encoded(encode_text, std::string_view("a\xC3\xA9")), "0x61c3a9");
    EXPECT_EQ(encoded(encode_date, Date{0}), "0x80000000");
    EXPECT_EQ(encoded(encode_date, Date{-1}), "0x7fffffff");
    EXPECT_EQ(encoded(encode_time, Time{1}), "0x0000000000000001");
    EXPECT_EQ(encoded(encode_timestamp, Timestamp{-1}), "0xffffffffffffffff");
    EXPECT_EQ(encoded(encode_duration, Duration{1, 2, 3}), "0x020406");
    EXPECT_EQ(encoded(encode_inet, Inet{4, {10, 0, 0, 1}}), "0x0a000001");
    EXPECT_EQ(encoded(encode_decimal, Decimal{2, to_varint(150)}), "0x000000020096");
}

TEST(Scalars, AreDecodedBack) {
    const auto check = [](auto encode, auto decode, auto value) {
        Bytes out;
        encode(out, value);
        const auto back = decode(out);
        ASSERT_TRUE(back);
        EXPECT_EQ(*back, value);
        EXPECT_FALSE(decode(ByteView())) << "an empty value has no native form";
    };
    check(encode_boolean, decode_boolean, true);
    check(encode_boolean, decode_boolean, false);
    check(encode_tinyint, decode_tinyint, std::numeric_limits<std::int8_t>::min());
    check(encode_smallint, decode_smallint, std::numeric_limits<std::int16_t>::min());
    check(encode_int, decode_int, std::numeric_limits<std::int32_t>::min());
    check(encode_bigint, decode_bigint, std::numeric_limits<std::int64_t>::max());
    check(encode_float, decode_float, std::numeric_limits<float>::denorm_min());
    check(encode_double, decode_double, std::numeric_limits<double>::max());
    check(encode_uuid, decode_uuid, Uuid{1, 2, 3});
    check(encode_uuid, decode_timeuuid, *parse_uuid("123e4567-e89b-12d3-a456-426614174000"));
    check(encode_inet, decode_inet, Inet{16, {0x20, 0x01}});
    check(encode_date, decode_date, Date{std::numeric_limits<std::int32_t>::min()});
    check(encode_time, decode_time, Time{86'399'999'999'999});
    check(encode_timestamp, decode_timestamp, Timestamp{std::numeric_limits<std::int64_t>::min()});
    check(encode_duration, decode_duration, Duration{-1, -2, std::numeric_limits<std::int64_t>::min()});
    check(encode_varint, decode_varint, to_varint(-129));
    check(encode_decimal, decode_decimal, Decimal{-5, to_varint(7)});
}

TEST(Vint, IsAsTheServerWritesIt) {
    struct Vector {
        std::uint64_t value;
        const char* hex;
    };
    for (const Vector& each : std::vector<Vector>{{0, "0x00"},
                                                  {127, "0x7f"},
                                                  {128, "0x8080"},
                                                  {16383, "0xbfff"},
                                                  {16384, "0xc04000"},
                                                  {(1ULL << 28) - 1, "0xefffffff"},
                                                  {1ULL << 28, "0xf010000000"},
                                                  {(1ULL << 49) - 1, "0xfdffffffffffff"},
                                                  {1ULL << 49, "0xfe02000000000000"},
                                                  {(1ULL << 56) - 1, "0xfeffffffffffffff"},
                                                  {1ULL << 56, "0xff0100000000000000"},
                                                  {~0ULL, "0xffffffffffffffffff"}}) {
        EXPECT_EQ(encoded(append_unsigned_vint, each.value), each.hex);
        const Bytes bytes = bytes_from_hex(std::string_view(each.hex).substr(2));
        Reader in(bytes);
        EXPECT_EQ(read_unsigned_vint(in), each.value) << each.hex;
        EXPECT_TRUE(in.ok());
        EXPECT_EQ(in.remaining(), 0U);
        for (std::size_t length = 0; length < bytes.size(); ++length) {
            const Bytes block(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(length));
            Reader cut(block);
            EXPECT_EQ(read_unsigned_vint(cut), 0U);
            EXPECT_FALSE(cut.ok());
        }
    }
    EXPECT_EQ(encoded(append_vint, std::int64_t{-1}), "0x01");
    EXPECT_EQ(encoded(append_vint, std::int64_t{1}), "0x02");
    EXPECT_EQ(encoded(append_vint, std::numeric_limits<std::int64_t>::min()), "0xffffffffffffffffff");
}

TEST(Vint, ComesBackAtEveryPowerOfTwo) {
    for (int bit = 0; bit < 64; ++bit) {
        for (const std::int64_t offset : {-1, 0, 1}) {
            const auto value =
                static_cast<std::int64_t>((std::uint64_t{1} << bit) + static_cast<std::uint64_t>(offset));
            Bytes bytes;
            append_vint(bytes, value);
            append_unsigned_vint(bytes, static_cast<std::uint64_t>(value));
            Reader in(bytes);
            EXPECT_EQ(read_vint(in), value);
            EXPECT_EQ(read_unsigned_vint(in), static_cast<std::uint64_t>(value));
            EXPECT_EQ(in.remaining(), 0U);
        }
    }
}

TEST(Varint, TextComesBack) {
    for (const char* text : {"0",
                             "1",
                             "-1",
                             "127",
                             "128",
                             "-128",
                             "-129",
                             "255",
                             "256",
                             "32767",
                             "32768",
                             "-32768",
                             "-32769",
                             "9223372036854775807",
                             "-9223372036854775808",
                             "9223372036854775808",
                             "1000000000",
                             "999999999",
                             "1000000000000000000000000000",
                             "-1000000000000000000000000001",
                             "340282366920938463463374607431768211456",
                             "123456789012345678901234567890123456789012345678901234567890"}) {
        const auto value = parse_varint(text);
        ASSERT_TRUE(value) << text;
        EXPECT_EQ(varint_text(*value), text);
    }
    EXPECT_EQ(hex_text(parse_varint("-0")->bytes), "0x00");
    EXPECT_EQ(hex_text(parse_varint("000128")->bytes), "0x0080");
    EXPECT_EQ(hex_text(parse_varint("-32769")->bytes), "0xff7fff");
    EXPECT_EQ(varint_text(Varint{bytes_from_hex("ffffff")}), "-1");
    EXPECT_EQ(varint_text(Varint{bytes_from_hex("000000000001")}), "1");
    for (const char* text : {"", "-", "+1", "1.0", "1e3", " 1", "1 ", "--1", "0x10"})
        EXPECT_FALSE(parse_varint(text)) << text;
    EXPECT_TRUE(parse_varint(std::string(10'000, '9')));
    EXPECT_FALSE(parse_varint(std::string(10'001, '9')));
}

// 128-bit arithmetic of the compiler as the other opinion.
TEST(Varint, AgreesWith128BitNumbers) {
    std::mt19937_64 random(1);
    for (int i = 0; i < 2000; ++i) {
        Bytes bytes;
        const auto size = 1 + random() % 16;
        for (std::uint64_t k = 0; k < size; ++k)
            bytes.push_back(random() % 4 == 0 ? 0xFF : static_cast<std::uint8_t>(random()));
        __extension__ using Wide = unsigned __int128;
        Wide number = bytes[0] >= 0x80 ? ~Wide{0} : Wide{0};
        for (const std::uint8_t byte : bytes) number = (number << 8) | byte;
        const bool is_negative = (number >> 127) != 0;
        Wide magnitude = is_negative ? Wide{0} - number : number;
        std::string digits;
        do digits.insert(digits.begin(), static_cast<char>('0' + static_cast<int>(magnitude % 10)));
        while ((magnitude /= 10) != 0);
        const std::string expected = (is_negative ? "-" : "") + digits;
        EXPECT_EQ(varint_text(Varint{bytes}), expected) << hex_text(bytes);
        const auto parsed = parse_varint(expected);
        ASSERT_TRUE(parsed);
        EXPECT_LE(parsed->bytes.size(), bytes.size());
        EXPECT_EQ(varint_text(*parsed), expected);
    }
}

TEST(Varint, OfNumbersIsTheShortest) {
    for (const auto& [number, hex] : {std::pair<std::int64_t, const char*>{0, "0x00"},
                                      {127, "0x7f"},
                                      {128, "0x0080"},
                                      {-128, "0x80"},
                                      {-129, "0xff7f"},
                                      {std::numeric_limits<std::int64_t>::min(), "0x8000000000000000"},
                                      {std::numeric_limits<std::int64_t>::max(), "0x7fffffffffffffff"}})
        EXPECT_EQ(hex_text(to_varint(number).bytes), hex);
}

TEST(Decimal, TextKeepsTheScale) {
    for (const char* text : {"0", "1", "-1", "1.0", "1.00", "-1.50", "0.001", "-0.00129", "1E+3", "12E+30", "1E-31",
                             "-5E-2147483647", "1E+2147483648"}) {
        const auto value = parse_decimal(text);
        ASSERT_TRUE(value) << text;
        EXPECT_EQ(decimal_text(*value), text);
    }
    EXPECT_EQ(parse_decimal("1.50")->scale, 2);
    EXPECT_EQ(parse_decimal("1e3")->scale, -3);
    EXPECT_EQ(parse_decimal("1.5E+3")->scale, -2);
    EXPECT_EQ(decimal_text(*parse_decimal(".5")), "0.5");
    EXPECT_EQ(decimal_text(*parse_decimal("5.")), "5");
    for (const char* text : {"", ".", "-", "e5", "1e", "1e+", "1e+-5", "1.2.3", "1E+2147483649", "1E-2147483648",
                             "1E+99999999999999999999", "NaN", "1 "})
        EXPECT_FALSE(parse_decimal(text)) << text;
}

TEST(Uuid, TextComesBack) {
    const auto uuid = parse_uuid("123E4567-e89b-12d3-A456-426614174000");
    ASSERT_TRUE(uuid);
    EXPECT_EQ(uuid_text(*uuid), "123e4567-e89b-12d3-a456-426614174000");
    for (const char* text : {"", "123e4567e89b12d3a456426614174000", "123e4567-e89b-12d3-a456-42661417400",
                             "123e4567-e89b-12d3-a456-4266141740000", "123e4567-e89b-12d3-a456-42661417400g",
                             "123e4567-e89b-12d3-a4564-26614174000"})
        EXPECT_FALSE(parse_uuid(text)) << text;
}

TEST(ScalarText, OfDatesGoesByTheCalendar) {
    EXPECT_EQ(date_text(Date{19782}), "2024-02-29");
    EXPECT_EQ(date_text(Date{-719'162}), "0001-01-01");
    EXPECT_EQ(date_text(Date{-719'163}), "-719163 days");
    EXPECT_EQ(date_text(Date{2'932'896}), "9999-12-31");
    EXPECT_EQ(date_text(Date{2'932'897}), "+2932897 days");
    EXPECT_EQ(timestamp_text(Timestamp{1'709'210'096'007}), "2024-02-29T12:34:56.007Z");
    EXPECT_EQ(timestamp_text(Timestamp{-62'135'596'800'000}), "0001-01-01T00:00:00.000Z");
    EXPECT_EQ(timestamp_text(Timestamp{-62'135'596'800'001}), "-62135596800001ms");
    EXPECT_EQ(time_text(Time{0}), "00:00:00");
    EXPECT_EQ(time_text(Time{1}), "00:00:00.000000001");
    EXPECT_EQ(time_text(Time{-1}), "-1ns");
}

TEST(Utf8, IsStrictOrTheServers) {
    for (const char* text : {"", "a", "\x7F", "\xC2\x80", "\xDF\xBF", "\xE0\xA0\x80", "\xED\x9F\xBF", "\xEE\x80\x80",
                             "\xEF\xBF\xBF", "\xF0\x90\x80\x80", "\xF4\x8F\xBF\xBF"}) {
        EXPECT_TRUE(is_utf8(text));
        EXPECT_TRUE(is_server_utf8(text));
    }
    for (const char* text : {"\xC0\x80", "\xED\xA0\x80", "\xF4\x90\x80\x80", "\xF7\xBF\xBF\xBF"}) {
        EXPECT_FALSE(is_utf8(text));
        EXPECT_TRUE(is_server_utf8(text));
    }
    for (const char* text :
         {"\x80", "\xBF", "\xC0", "\xC0\x81", "\xC1\x81", "\xC2", "\xC2\x41", "\xE0\x9F\x80", "\xE1\x80",
          "\xE1\x80\x41", "\xF0\x8F\x80\x80", "\xF1\x80\x80", "\xF8\x80\x80\x80\x80", "\xFF", "a\xC3"}) {
        EXPECT_FALSE(is_utf8(text));
        EXPECT_FALSE(is_server_utf8(text));
    }
}

}  // namespace
}  // namespace crossfade::cql
