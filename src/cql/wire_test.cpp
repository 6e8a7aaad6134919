#include "cql/wire.hpp"

#include <gtest/gtest.h>

#include <functional>

#include "cql/test_bytes.hpp"

namespace crossfade::cql {
namespace {

TEST(Writer, WritesEachNotationAsSpecified) {
    Bytes out;
    Writer writer(out);
    writer.byte(0x7F);
    writer.short_number(0x0102);
    writer.int_number(-2);
    writer.long_number(0x0102030405060708);
    writer.long_number(-1);
    writer.string("ab");
    writer.long_string("c");
    writer.bytes(hex("ff00"));
    writer.short_bytes(hex("01"));
    writer.value({ValueView::State::bytes, hex("")});
    writer.value({ValueView::State::null, {}});
    writer.value({ValueView::State::unset, {}});
    writer.string_list({"x", ""});
    writer.string_map({{"k", "v"}});
    EXPECT_EQ(out, hex("7f 0102 fffffffe 0102030405060708 ffffffffffffffff 0002 'ab' 00000001 'c' 00000002 ff00 0001 01"
                       "00000000 ffffffff fffffffe 0002 0001 'x' 0000 0001 0001 'k' 0001 'v'"));
}

TEST(Writer, PatchesAnInt) {
    Bytes out = hex("aa 00000000 bb");
    Writer(out).patch_int(1, 258);
    EXPECT_EQ(out, hex("aa 00000102 bb"));
}

TEST(Reader, ReadsEachNotationAsSpecified) {
    const Bytes bytes = hex("7f 0102 fffffffe 8000000000000000 0002 'ab' 00000001 'c' 00000002 ff00 0001 01");
    Reader in(bytes);
    EXPECT_EQ(in.byte(), 0x7F);
    EXPECT_EQ(in.short_number(), 0x0102);
    EXPECT_EQ(in.int_number(), -2);
    EXPECT_EQ(in.long_number(), std::numeric_limits<std::int64_t>::min());
    EXPECT_EQ(in.string(), "ab");
    EXPECT_EQ(in.long_string(), "c");
    EXPECT_EQ(copy_of(in.bytes()), hex("ff00"));
    EXPECT_EQ(copy_of(in.short_bytes()), hex("01"));
    EXPECT_TRUE(in.ok());
    EXPECT_EQ(in.remaining(), 0U);
    EXPECT_EQ(in.position(), bytes.size());
}

TEST(Reader, TellsBytesNullAndUnsetApart) {
    const Bytes bytes = hex("00000000 ffffffff fffffffe 00000001 05");
    Reader in(bytes);
    EXPECT_EQ(in.value().state, ValueView::State::bytes);
    EXPECT_TRUE(in.value().is_null());
    EXPECT_TRUE(in.value().is_unset());
    EXPECT_EQ(copy_of(in.value().bytes), hex("05"));
    EXPECT_TRUE(in.ok());
}

TEST(Reader, RefusesOtherNegativeLengths) {
    const Bytes value = hex("fffffffd 00000000");
    Reader in(value);
    EXPECT_TRUE(in.value().is_null());
    EXPECT_FALSE(in.ok());
    const Bytes text = hex("ffffffff");
    Reader text_in(text);
    EXPECT_EQ(text_in.long_string(), "");
    EXPECT_FALSE(text_in.ok());
    const Bytes null = hex("ffffffff");
    Reader null_in(null);
    EXPECT_TRUE(null_in.bytes().empty());
    EXPECT_TRUE(null_in.ok()) << "null bytes read as empty";
}

TEST(Reader, StaysBadAndTellsWhereItBroke) {
    const Bytes bytes = hex("01 0009 'abc'");
    Reader in(bytes);
    in.byte();
    EXPECT_EQ(in.broken_at(), 1U);
    EXPECT_EQ(in.string(), "");
    EXPECT_FALSE(in.ok());
    EXPECT_EQ(in.broken_at(), 3U) << "the text after its length";
    EXPECT_EQ(in.byte(), 0);
    EXPECT_EQ(in.int_number(), 0);
    EXPECT_EQ(in.remaining(), 0U);
    EXPECT_EQ(in.broken_at(), 3U);
}

TEST(Reader, NeverReadsPastTheEnd) {
    const std::vector<std::pair<Bytes, std::function<void(Reader&)>>> notations = {
        {hex("01"), [](Reader& in) { in.byte(); }},
        {hex("0102"), [](Reader& in) { in.short_number(); }},
        {hex("01020304"), [](Reader& in) { in.int_number(); }},
        {hex("0102030405060708"), [](Reader& in) { in.long_number(); }},
        {hex("0003 'abc'"), [](Reader& in) { in.string(); }},
        {hex("00000003 'abc'"), [](Reader& in) { in.long_string(); }},
        {hex("00000003 'abc'"), [](Reader& in) { in.bytes(); }},
        {hex("00000003 'abc'"), [](Reader& in) { in.value(); }},
        {hex("0003 'abc'"), [](Reader& in) { in.short_bytes(); }},
        {hex("'abc'"), [](Reader& in) { in.raw(3); }},
        {hex("0002 0001 'a' 0001 'b'"), [](Reader& in) { read_string_list(in); }},
        {hex("0001 0001 'a' 0001 'b'"), [](Reader& in) { read_string_map(in); }},
        {hex("0001 0001 'a' 0001 0001 'b'"), [](Reader& in) { read_string_multimap(in); }},
    };
    for (const auto& [bytes, read] : notations) {
        const ExactBytes whole(bytes);
        Reader good(whole.view());
        read(good);
        EXPECT_TRUE(good.ok());
        EXPECT_EQ(good.remaining(), 0U);
        for_each_prefix(bytes, [&, &take = read](ByteView prefix) {
            Reader in(prefix);
            take(in);
            EXPECT_FALSE(in.ok()) << prefix.size();
        });
    }
}

TEST(Reader, AllocatesNothingForLyingLengths) {
    // 65,535 entries claimed, none there: the read ends at once and holds nothing.
    const Bytes list = hex("ffff");
    Reader in(list);
    EXPECT_LE(read_string_list(in).size(), 1U);
    EXPECT_FALSE(in.ok());
    const Bytes huge = hex("7fffffff 00");
    Reader bytes_in(huge);
    EXPECT_TRUE(bytes_in.bytes().empty());
    EXPECT_FALSE(bytes_in.ok());
}

TEST(ReadStringMultimap, KeepsEveryList) {
    const Bytes bytes = hex("0002 000b 'COMPRESSION' 0002 0006 'snappy' 0003 'lz4' 0001 'A' 0000");
    Reader in(bytes);
    const auto map = read_string_multimap(in);
    EXPECT_TRUE(in.ok());
    EXPECT_EQ(map, (std::map<std::string, std::vector<std::string>>{{"A", {}}, {"COMPRESSION", {"snappy", "lz4"}}}));
}

}  // namespace
}  // namespace crossfade::cql
