#include "cql/value.hpp"

#include <gtest/gtest.h>

#include <limits>

#include "cql/codec_examples.hpp"
#include "cql/elements.hpp"
#include "cql/literal.hpp"
#include "cql/scalar_text.hpp"

namespace crossfade::cql {
namespace {

using base::ErrorKind;

TEST(Codec, ExamplesDecodeAndEncode) {
    for (const CodecExample& example : codec_examples()) {
        const TypePtr type = type_from_text(example.type);
        ASSERT_TRUE(type) << example.type;
        const Bytes bytes = bytes_from_hex(example.hex);
        const auto value = decode(*type, bytes);
        ASSERT_TRUE(value) << example.type << " " << example.hex << ": " << value.error().message;
        EXPECT_TRUE(validate(*type, bytes));
        const auto again = encode(*type, *value);
        ASSERT_TRUE(again) << example.type << " " << example.hex << ": " << again.error().message;
        // Some values have more than one form on the wire; these come back in the usual one.
        const bool has_other_form = std::string_view(example.type) == "boolean"
                                        ? bytes == Bytes{2}
                                        : std::string_view(example.hex) == "00 00 c0000000";
        if (has_other_form) {
            EXPECT_EQ(decode(*type, *again), *value);
        } else {
            EXPECT_EQ(hex_text(*again), hex_text(bytes)) << example.type;
        }
    }
}

TEST(Codec, ExamplesAsTextAreWhatTheyShouldBe) {
    for (const CodecExample& example : codec_examples()) {
        const TypePtr type = type_from_text(example.type);
        const Bytes bytes = bytes_from_hex(example.hex);
        const auto literal = to_literal(*type, bytes);
        ASSERT_TRUE(literal) << example.type << " " << example.hex << ": " << literal.error().message;
        EXPECT_EQ(*literal, example.literal) << example.type;
        EXPECT_EQ(to_json(*type, bytes), example.json) << example.type;
    }
}

// Every start of every example, alone in a block of its size: no read past it, and decode and validate agree.
TEST(Codec, TruncationsAreErrorsOrOtherValues) {
    std::size_t refused = 0;
    for (const CodecExample& example : codec_examples()) {
        const TypePtr type = type_from_text(example.type);
        const Bytes whole = bytes_from_hex(example.hex);
        for (std::size_t length = 0; length < whole.size(); ++length) {
            const Bytes block(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(length));
            const auto value = decode(*type, block);
            EXPECT_EQ(value.has_value(), validate(*type, block).has_value()) << example.type << " " << hex_text(block);
            EXPECT_FALSE(to_json(*type, block).empty());
            if (value) {
                const auto again = encode(*type, *value);
                ASSERT_TRUE(again);
                EXPECT_EQ(decode(*type, *again), *value) << example.type << " " << hex_text(block);
            } else {
                ++refused;
                EXPECT_EQ(value.error().kind, ErrorKind::bad_input);
                EXPECT_FALSE(to_literal(*type, block)) << example.type << " " << hex_text(block);
            }
        }
    }
    EXPECT_GT(refused, 500U);
}

TEST(Codec, RefusesWhatTheServerRefuses) {
    struct Refused {
        const char* type;
        const char* hex;
    };
    for (const Refused& each : std::vector<Refused>{
             {"ascii", "80"},
             {"bigint", "00"},
             {"bigint", "000000000000000000"},
             {"boolean", "0000"},
             {"decimal", "00000000"},
             {"int", "000000"},
             {"timeuuid", "123e4567e89b42d3a456426614174000"},
             {"text", "ff"},
             {"text", "c3"},
             {"text", "e08080"},
             {"inet", "0000000000"},
             {"date", ""},
             {"time", ""},
             {"smallint", ""},
             {"tinyint", ""},
             {"duration", ""},
             {"duration", "0202"},
             {"duration", "02 01 00"},          // one month less one day
             {"duration", "f100000000 00 00"},  // months past 32 bits
             {"list<int>", ""},
             {"list<int>", "ffffffff"},
             {"list<int>", "00000001"},
             {"list<int>", "7fffffff"},
             {"list<int>", "00000001 00000004 000000"},
             {"list<int>", "00000001 00000002 0000"},
             {"list<int>", "00000000 00"},
             {"map<int, int>", "00000001 00000004 00000001"},
             {"map<int, int>", "40000000 00000004 00000001 00000004 00000001"},
             {"frozen<tuple<int>>", "000000"},
             {"frozen<tuple<int>>", "00000004 00000001 00000004 00000001"},
             {"frozen<tuple<int>>", "00000005 00000001"},
             {"udt", "00000004 00000001 00000000 00"},
             {"vector<float, 2>", ""},
             {"vector<float, 2>", "3f800000"},
             {"vector<float, 2>", "3f800000 3f800000 3f800000"},
             {"vector<text, 2>", "00"},
             {"vector<text, 2>", "00 0161 00"},
             {"vector<text, 2>", "00 ffffffffffffffffff"},
             {"vector<vector<vector<int, 2147483647>, 2147483647>, 2147483647>", "00000000"},
             {"vector<text, 2147483647>", "00000000"},
         }) {
        const TypePtr type = type_from_text(each.type);
        ASSERT_TRUE(type) << each.type;
        const Bytes bytes = bytes_from_hex(each.hex);
        const auto value = decode(*type, bytes);
        EXPECT_FALSE(value) << each.type << " " << each.hex;
        EXPECT_FALSE(validate(*type, bytes)) << each.type << " " << each.hex;
        EXPECT_EQ(to_json(*type, bytes), "\"" + hex_text(bytes) + "\"");
    }
}

TEST(Codec, NullEmptyAndNotSetDiffer) {
    const TypePtr type = simple_type(TypeCode::int_number);
    EXPECT_TRUE(decode(*type, ValueView{})->is_null());
    EXPECT_TRUE(decode(*type, ValueView{ValueView::State::bytes, {}})->is_empty());
    EXPECT_FALSE(decode(*type, ValueView{ValueView::State::unset, {}}));
    EXPECT_EQ(*encode(*type, Value(Empty{})), Bytes{});
    EXPECT_FALSE(encode(*type, Value()));
    EXPECT_EQ(to_literal(*type, ValueView{}), "null");
    EXPECT_EQ(to_json(*type, ValueView{}), "null");
    EXPECT_FALSE(to_literal(*type, ValueView{ValueView::State::unset, {}}));
    EXPECT_FALSE(Value() == Value(Empty{}));
}

TEST(Codec, EncodeRefusesWhatIsNotOfTheType) {
    const TypePtr list = list_type(simple_type(TypeCode::int_number));
    const TypePtr udt = type_from_text("udt");
    const std::vector<std::pair<TypePtr, Value>> wrong = {
        {simple_type(TypeCode::int_number), Value(std::int64_t{1})},
        {simple_type(TypeCode::int_number), Value("1")},
        {simple_type(TypeCode::ascii), Value("\xC3\xA9")},
        {simple_type(TypeCode::varchar), Value("\xFF")},
        {simple_type(TypeCode::varchar), Value(Empty{})},
        {simple_type(TypeCode::date), Value(Empty{})},
        {simple_type(TypeCode::timeuuid), Value(Uuid{})},
        {simple_type(TypeCode::inet), Value(Inet{5, {}})},
        {simple_type(TypeCode::varint), Value(Varint{})},
        {simple_type(TypeCode::decimal), Value(Decimal{})},
        {simple_type(TypeCode::duration), Value(Duration{1, -1, 0})},
        {list, Value(std::int32_t{1})},
        {list, Value(Fields{})},
        {list, Value(Sequence{{Value("x")}})},
        {list, Value(Empty{})},
        {udt, Value(Fields{{Value(std::int32_t{1}), Value("a"), Value("b")}})},
        {type_from_text("vector<int, 2>"), Value(Sequence{{Value(std::int32_t{1})}})},
        {type_from_text("vector<int, 2>"), Value(Sequence{{Value(std::int32_t{1}), Value()}})},
        {type_from_text("vector<int, 2>"), Value(Sequence{{Value(std::int32_t{1}), Value(Empty{})}})},
        {type_from_text("map<int, int>"), Value(Sequence{})},
    };
    for (const auto& [type, value] : wrong) {
        Bytes out = {7};
        const auto done = encode(out, *type, value);
        ASSERT_FALSE(done) << to_cql(*type);
        EXPECT_EQ(done.error().kind, ErrorKind::bad_input);
        EXPECT_EQ(out, Bytes{7}) << to_cql(*type);  // nothing is left of it
    }
}

TEST(Codec, ValuesCompareByTheirBits) {
    EXPECT_EQ(Value(std::numeric_limits<double>::quiet_NaN()), Value(std::numeric_limits<double>::quiet_NaN()));
    EXPECT_FALSE(Value(0.0) == Value(-0.0));
    EXPECT_FALSE(Value(0.0F) == Value(0.0));
    EXPECT_EQ(Value(Sequence{{Value(1.0F)}}), Value(Sequence{{Value(1.0F)}}));
    EXPECT_FALSE(Value(Mapping{{{Value("a"), Value("b")}}}) == Value(Mapping{{{Value("a"), Value("c")}}}));
}

TEST(Codec, DeepTypesAreRefused) {
    TypePtr type = simple_type(TypeCode::int_number);
    for (int i = 0; i < 100; ++i) type = list_type(type);
    Bytes bytes;
    for (int i = 0; i < 100; ++i) {
        Bytes outer;
        ASSERT_TRUE(
            append_elements(outer, *list_type(simple_type(TypeCode::blob)), {{ValueView::State::bytes, bytes}}));
        bytes = outer;
    }
    EXPECT_FALSE(decode(*type, bytes));
    EXPECT_FALSE(validate(*type, bytes));
}

TEST(Literal, OfWhatHasNone) {
    EXPECT_FALSE(to_literal(*custom_type("com.example.Point"), Bytes{1}));
    EXPECT_EQ(to_json(*custom_type("com.example.Point"), Bytes{1}), "\"0x01\"");
    // The server takes an empty number in a vector for a null when it does not come bound.
    EXPECT_FALSE(to_literal(*type_from_text("vector<varint, 1>"), Bytes{0}));
    EXPECT_FALSE(to_literal(*type_from_text("list<int>"), bytes_from_hex("00000001 ffffffff")));
}

TEST(Literal, OfAHugeNumberDoesNotTakeLong) {
    const Bytes huge(5'000'000, 0x7F);
    const auto literal = to_literal(*simple_type(TypeCode::varint), huge);
    ASSERT_TRUE(literal);
    EXPECT_TRUE(literal->starts_with("blobasvarint(0x7f7f"));
    EXPECT_TRUE(to_json(*simple_type(TypeCode::varint), huge).starts_with("\"0x7f7f"));
}

TEST(Elements, AreWalkedRaw) {
    const TypePtr type = type_from_text("map<text, frozen<list<int>>>");
    const Bytes bytes = bytes_from_hex("00000002 00000001 61 00000004 00000000 00000001 62 ffffffff");
    ElementCursor cursor(*type, bytes);
    EXPECT_EQ(cursor.count(), 4U);
    std::vector<std::string> seen;
    while (cursor.next())
        seen.push_back(std::to_string(cursor.index()) + " " + to_cql(cursor.element_type()) + " " +
                       (cursor.element().is_null() ? "null" : hex_text(cursor.element().bytes)));
    EXPECT_TRUE(cursor.status());
    EXPECT_EQ(seen, (std::vector<std::string>{"0 text 0x61", "1 frozen<list<int>> 0x00000000", "2 text 0x62",
                                              "3 frozen<list<int>> null"}));
    EXPECT_FALSE(cursor.next());

    ElementCursor scalar(*simple_type(TypeCode::int_number), bytes);
    EXPECT_FALSE(scalar.next());
    EXPECT_EQ(scalar.status().error().kind, ErrorKind::bad_input);
}

TEST(Elements, AreAppendedAsTheyWereRead) {
    for (const CodecExample& example : codec_examples()) {
        const TypePtr type = type_from_text(example.type);
        const Bytes bytes = bytes_from_hex(example.hex);
        std::vector<ValueView> elements;
        ElementCursor cursor(*type, bytes);
        while (cursor.next()) elements.push_back(cursor.element());
        Bytes out;
        const auto appended = append_elements(out, *type, elements);
        EXPECT_EQ(appended.has_value(), cursor.status().has_value()) << example.type;
        EXPECT_EQ(hex_text(out), appended ? hex_text(bytes) : "0x") << example.type;
    }
}

TEST(Elements, OfTheWrongKindAreRefused) {
    const Bytes one = {1};
    const ValueView byte{ValueView::State::bytes, one};
    const ValueView unset{ValueView::State::unset, {}};
    Bytes out;
    EXPECT_FALSE(append_elements(out, *type_from_text("list<int>"), {unset}));
    EXPECT_FALSE(append_elements(out, *type_from_text("map<int, int>"), {byte}));
    EXPECT_FALSE(append_elements(out, *type_from_text("vector<tinyint, 2>"), {byte}));
    EXPECT_FALSE(append_elements(out, *type_from_text("vector<tinyint, 1>"), {ValueView{}}));
    EXPECT_FALSE(append_elements(out, *type_from_text("vector<int, 1>"), {byte}));
    EXPECT_FALSE(append_elements(out, *type_from_text("frozen<tuple<int>>"), {byte, byte}));
    EXPECT_FALSE(append_elements(out, *type_from_text("int"), {}));
    EXPECT_TRUE(out.empty());
}

}  // namespace
}  // namespace crossfade::cql
