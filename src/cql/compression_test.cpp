#include "cql/compression.hpp"

#include <gtest/gtest.h>

#include <random>

#include "cql/test_bytes.hpp"

namespace crossfade::cql {
namespace {

constexpr Compression real_ones[] = {Compression::lz4, Compression::snappy};
constexpr std::uint32_t no_bound = 1U << 28U;

Bytes opened(Compression compression, ByteView body) {
    Bytes out;
    const auto result = decompress(compression, ExactBytes(body).view(), no_bound, out);
    EXPECT_TRUE(result) << result.error().message;
    return out;
}

TEST(Compression, IsNamedInAnyCase) {
    EXPECT_EQ(compression_named("LZ4").value(), Compression::lz4);
    EXPECT_EQ(compression_named("lz4").value(), Compression::lz4);
    EXPECT_EQ(compression_named("Snappy").value(), Compression::snappy);
    EXPECT_EQ(compression_named("deflate").error().kind, base::ErrorKind::not_found);
    EXPECT_FALSE(compression_named(""));
    EXPECT_EQ(name_of(Compression::none), "");
    for (const Compression compression : real_ones)
        EXPECT_EQ(compression_named(name_of(compression)).value(), compression);
}

// By hand. LZ4: length 24; token 1e is one literal and a match of 4 + 14 from 1 back; token 50 the last five literals.
TEST(Decompress, ReadsKnownLz4) {
    EXPECT_EQ(opened(Compression::lz4, hex("00000018 1e 'a' 0100 50 'bcdef'")), hex("'aaaaaaaaaaaaaaaaaaabcdef'"));
    EXPECT_EQ(opened(Compression::lz4, hex("00000000 00")), Bytes());
    EXPECT_EQ(opened(Compression::lz4, hex("00000000")), Bytes());
}

// By hand. Snappy: length 12; tag 00 is a literal of one byte; tag 1d a copy of 4 + 7 bytes from 1 back.
TEST(Decompress, ReadsKnownSnappy) {
    EXPECT_EQ(opened(Compression::snappy, hex("0c 00 'a' 1d01")), hex("'aaaaaaaaaaaa'"));
    EXPECT_EQ(opened(Compression::snappy, hex("03 08 'abc'")), hex("'abc'"));
    EXPECT_EQ(opened(Compression::snappy, hex("00")), Bytes());
}

TEST(Compress, ComesBack) {
    std::mt19937 random(2);
    for (const Compression compression : real_ones) {
        for (const std::size_t size : {0UL, 1UL, 9UL, 100UL, 70000UL}) {
            for (const bool is_even : {true, false}) {
                Bytes body(size);
                for (auto& byte : body) byte = is_even ? std::uint8_t{7} : static_cast<std::uint8_t>(random());
                Bytes out = hex("aabb");
                compress(compression, body, out);
                EXPECT_EQ(ByteView(out)[1], 0xBB);
                EXPECT_EQ(opened(compression, ByteView(out).subspan(2)), body);
            }
        }
    }
}

TEST(Compress, WritesTheLengthOfLz4BigEndian) {
    Bytes out;
    compress(Compression::lz4, Bytes(258, 1), out);
    EXPECT_EQ(load_int(out.data()), 258U);
}

TEST(Decompress, AppendsBehindWhatIsThere) {
    Bytes out = hex("aa");
    ASSERT_TRUE(decompress(Compression::snappy, hex("03 08 'abc'"), no_bound, out));
    EXPECT_EQ(out, hex("aa 'abc'"));
}

TEST(Decompress, FailsWhereverTheBodyIsCut) {
    for (const Compression compression : real_ones) {
        Bytes body;
        compress(compression, hex("'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaabcdefgh'"), body);
        for_each_prefix(body, [&](ByteView prefix) {
            Bytes out = hex("aa");
            const auto result = decompress(compression, prefix, no_bound, out);
            ASSERT_FALSE(result) << prefix.size();
            EXPECT_EQ(result.error().kind, base::ErrorKind::bad_input);
            EXPECT_EQ(out, hex("aa")) << "nothing of a damaged body stays";
        });
    }
}

TEST(Decompress, AllocatesNothingForAClaimThatIsTooLarge) {
    const std::pair<Compression, Bytes> bodies[] = {{Compression::lz4, hex("10000000 00")},  // 256 MiB of one byte
                                                    {Compression::lz4, hex("ffffffff 00")},  // more than LZ4 can
                                                    {Compression::snappy, hex("ffffffff0f 00")}};  // 4 GiB - 1
    for (const auto& [compression, body] : bodies) {
        Bytes out;
        const auto result = decompress(compression, body, 0xFFFFFFFF, out);
        ASSERT_FALSE(result);
        EXPECT_EQ(result.error().kind, base::ErrorKind::bad_input);
        EXPECT_EQ(out.capacity(), 0U);
    }
    Bytes out;
    EXPECT_FALSE(decompress(Compression::snappy, hex("03 08 'abc'"), 2, out)) << "over the caller's own bound";
    EXPECT_EQ(out.capacity(), 0U);
    EXPECT_TRUE(decompress(Compression::snappy, hex("03 08 'abc'"), 3, out));
}

TEST(Decompress, RefusesACompressedBodyWithoutCompression) {
    Bytes out;
    EXPECT_FALSE(decompress(Compression::none, hex("00"), no_bound, out));
}

}  // namespace
}  // namespace crossfade::cql
