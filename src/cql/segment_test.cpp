#include "cql/segment.hpp"

#include <gtest/gtest.h>

#include <random>

#include "cql/frame.hpp"
#include "cql/test_bytes.hpp"

namespace crossfade::cql {
namespace {

constexpr SegmentCompression both[] = {SegmentCompression::none, SegmentCompression::lz4};

// An envelope of `size` bytes in all; `seed` decides whether its body can be compressed (0: it can).
Bytes envelope(std::size_t size, unsigned seed) {
    Bytes bytes;
    std::mt19937 random(seed);
    append_frame(bytes, 5, true, 0, static_cast<std::uint16_t>(seed), Opcode::result, [&](Writer& writer) {
        for (std::size_t i = frame_header_size; i < size; ++i)
            writer.byte(seed == 0 ? 'a' : static_cast<std::uint8_t>(random()));
    });
    return bytes;
}

Bytes segments_of(ByteView envelopes, SegmentCompression compression) {
    Bytes out;
    append_segments(out, envelopes, compression);
    return out;
}

struct Split {
    std::vector<SegmentScan> segments;
    bool is_good = true;
};
Split split(ByteView bytes, SegmentCompression compression) {
    Split result;
    while (!bytes.empty()) {
        const auto scan = scan_segment(bytes, compression);
        if (!scan || !scan->is_whole) {
            result.is_good = false;
            break;
        }
        result.segments.push_back(*scan);
        bytes = bytes.subspan(scan->size);
    }
    return result;
}

// CRC24 bit by bit, from its definition: polynomial 0x1974F0B, initial value 0x875060, low byte of the header first.
std::uint32_t crc24_by_bits(std::uint64_t header, int length) {
    std::uint32_t crc = 0x875060;
    for (int i = 0; i < length; ++i) {
        crc ^= static_cast<std::uint32_t>((header >> (8 * i)) & 0xFFU) << 16U;
        for (int bit = 0; bit < 8; ++bit) {
            crc <<= 1U;
            if ((crc & 0x1000000U) != 0) crc ^= 0x1974F0B;
        }
    }
    return crc;
}

// Each of these was computed with another implementation (the official Python driver's).
TEST(Crc24, MatchesKnownValues) {
    EXPECT_EQ(crc24(0, 3), 0x7DE777U);
    EXPECT_EQ(crc24(0x20001, 3), 0xAC5672U);
    EXPECT_EQ(crc24(0x1FFFF, 3), 0xFE9138U);
    EXPECT_EQ(crc24(0, 5), 0xAAAC0AU);
    EXPECT_EQ(crc24(0x400000009, 5), 0x95B8C2U);
    EXPECT_EQ(crc24(0x7FFFFFFFF, 5), 0x576593U);
}

TEST(Crc24, MatchesItsDefinitionForAnyHeader) {
    std::mt19937_64 random(1);
    for (int i = 0; i < 2000; ++i) {
        const std::uint64_t header = random();
        EXPECT_EQ(crc24(header, 3), crc24_by_bits(header, 3));
        EXPECT_EQ(crc24(header, 5), crc24_by_bits(header, 5));
    }
}

TEST(Crc32, IsTheIeeeOneWithFourBytesBefore) {
    // IEEE CRC-32 of FA 2D 55 CA, and of that and "123456789".
    EXPECT_EQ(crc32_of_payload({}), 0x44777ED3U);
    EXPECT_EQ(crc32_of_payload(hex("05 00 00 01 05 00 00 00 00")), 0x867455B5U);
}

TEST(AppendSegments, WritesKnownBytes) {
    const Bytes options = hex("05 00 0001 05 00000000");
    EXPECT_EQ(segments_of(options, SegmentCompression::none), hex("090002 a4c8c1 05 00 0001 05 00000000 b5557486"));
    EXPECT_EQ(segments_of(options, SegmentCompression::lz4), hex("0900000004 c2b895 05 00 0001 05 00000000 b5557486"));
}

// An AUTH_RESPONSE with 32 times 'a', compressed by the official Python driver.
TEST(SegmentDecoder, ReadsKnownCompressedBytes) {
    const Bytes sent = hex("18005a0004 9b6c5c ef 05 00 0001 0f 00000024 00000020 61 0100 07 50 6161616161 44dcb5eb");
    Bytes envelopes;
    const auto used = SegmentDecoder(SegmentCompression::lz4).decode(sent, envelopes);
    ASSERT_TRUE(used) << used.error().message;
    EXPECT_EQ(*used, sent.size());
    EXPECT_EQ(envelopes, hex("05 00 0001 0f 00000024 00000020 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa'"));
}

TEST(SegmentDecoder, TakesAnEmptySegment) {
    Bytes envelopes;
    const auto used = SegmentDecoder(SegmentCompression::none).decode(hex("000002 6a36c4 d37e7744"), envelopes);
    ASSERT_TRUE(used);
    EXPECT_EQ(*used, 10U);
    EXPECT_TRUE(envelopes.empty());
}

TEST(Segments, BringEnvelopesOfEverySizeBack) {
    for (const SegmentCompression compression : both) {
        for (const unsigned seed : {0U, 7U}) {
            for (const std::size_t size :
                 {9UL, 10UL, 100UL, 131070UL, 131071UL, 131072UL, 262142UL, 262143UL, 400000UL}) {
                const Bytes before = envelope(size, seed);
                const Bytes sent = segments_of(before, compression);
                Bytes after;
                const auto used = SegmentDecoder(compression).decode(ExactBytes(sent).view(), after);
                ASSERT_TRUE(used) << used.error().message;
                EXPECT_EQ(*used, sent.size());
                EXPECT_EQ(after, before) << size;
                const Split parts = split(sent, compression);
                EXPECT_TRUE(parts.is_good);
                EXPECT_EQ(parts.segments.size(), (size + largest_segment_payload - 1) / largest_segment_payload);
                for (const SegmentScan& part : parts.segments)
                    EXPECT_EQ(part.is_self_contained, size <= largest_segment_payload);
            }
        }
    }
}

TEST(AppendSegments, PutsAsManyWholeEnvelopesIntoOneAsFit) {
    Bytes envelopes;
    for (const std::size_t size : {60000UL, 60000UL, 11071UL, 9UL, 200000UL, 20UL, 30UL})
        base::append(envelopes, envelope(size, 3));
    const Split parts = split(segments_of(envelopes, SegmentCompression::none), SegmentCompression::none);
    ASSERT_TRUE(parts.is_good);
    std::vector<std::pair<std::size_t, bool>> seen;
    for (const SegmentScan& part : parts.segments) seen.emplace_back(part.payload_size, part.is_self_contained);
    EXPECT_EQ(seen, (std::vector<std::pair<std::size_t, bool>>{
                        {131071, true}, {9, true}, {131071, false}, {68929, false}, {50, true}}));
}

TEST(AppendSegments, SendsAPayloadAsItIsWhenItDoesNotShrink) {
    const Bytes random = envelope(1000, 5), even = envelope(1000, 0);
    const Split as_it_is = split(segments_of(random, SegmentCompression::lz4), SegmentCompression::lz4);
    ASSERT_EQ(as_it_is.segments.size(), 1U);
    EXPECT_EQ(as_it_is.segments[0].uncompressed_size, 0U);
    EXPECT_EQ(as_it_is.segments[0].payload_size, 1000U);
    const Split compressed = split(segments_of(even, SegmentCompression::lz4), SegmentCompression::lz4);
    ASSERT_EQ(compressed.segments.size(), 1U);
    EXPECT_EQ(compressed.segments[0].uncompressed_size, 1000U);
    EXPECT_LT(compressed.segments[0].payload_size, 100U);
}

TEST(SegmentDecoder, TakesOnlyWholeSegmentsWhereverTheStreamIsSplit) {
    for (const SegmentCompression compression : both) {
        Bytes envelopes = envelope(60, 0);
        base::append(envelopes, envelope(40, 9));
        Bytes sent = segments_of(envelopes, compression);
        base::append(sent, segments_of(envelope(20, 4), compression));
        base::append(envelopes, envelope(20, 4));
        for (std::size_t at = 0; at <= sent.size(); ++at) {
            SegmentDecoder decoder(compression);
            Bytes after;
            const auto first = decoder.decode(ExactBytes(ByteView(sent).first(at)).view(), after);
            ASSERT_TRUE(first) << at;
            ASSERT_LE(*first, at);
            const auto second = decoder.decode(ExactBytes(ByteView(sent).subspan(*first)).view(), after);
            ASSERT_TRUE(second) << at;
            EXPECT_EQ(*first + *second, sent.size());
            EXPECT_EQ(after, envelopes);
        }
    }
}

TEST(SegmentDecoder, RefusesEveryFlippedBit) {
    for (const SegmentCompression compression : both) {
        const Bytes sent = segments_of(envelope(40, 0), compression);
        for (std::size_t bit = 0; bit < sent.size() * 8; ++bit) {
            Bytes damaged = sent;
            damaged[bit / 8] ^= static_cast<std::uint8_t>(1U << (bit % 8));
            Bytes after;
            const auto used = SegmentDecoder(compression).decode(ExactBytes(damaged).view(), after);
            ASSERT_FALSE(used) << "bit " << bit;
            EXPECT_EQ(used.error().kind, base::ErrorKind::protocol);
            EXPECT_TRUE(after.empty());
        }
    }
}

void append_little_endian(Bytes& out, std::uint64_t value, int count) {
    for (int i = 0; i < count; ++i) out.push_back(static_cast<std::uint8_t>(value >> (8 * i)));
}

// A segment with right checksums around an LZ4 payload that is none.
Bytes compressed_segment(std::uint64_t uncompressed, ByteView payload) {
    Bytes out;
    const std::uint64_t header = payload.size() | uncompressed << 17U | 1ULL << 34U;
    append_little_endian(out, header, 5);
    append_little_endian(out, crc24(header, 5), 3);
    base::append(out, payload);
    append_little_endian(out, crc32_of_payload(payload), 4);
    return out;
}

TEST(SegmentDecoder, RefusesALyingLz4Payload) {
    const Bytes literals = hex("50 'abcde'");  // five literals, and the end
    for (const std::uint64_t claimed : {4U, 6U, 131071U}) {
        Bytes after = hex("aa");
        const auto used = SegmentDecoder(SegmentCompression::lz4)
                              .decode(ExactBytes(compressed_segment(claimed, literals)).view(), after);
        ASSERT_FALSE(used) << claimed;
        EXPECT_EQ(used.error().kind, base::ErrorKind::protocol);
        EXPECT_EQ(after, hex("aa"));
    }
    Bytes after;
    EXPECT_TRUE(SegmentDecoder(SegmentCompression::lz4).decode(compressed_segment(5, literals), after));
    EXPECT_EQ(after, hex("'abcde'"));
}

TEST(ScanSegment, JudgesTheHeaderBeforeThePayloadIsThere) {
    Bytes sent = segments_of(envelope(40, 0), SegmentCompression::none);
    sent[0] ^= 1U;
    EXPECT_FALSE(scan_segment(ByteView(sent).first(6), SegmentCompression::none));
    sent[0] ^= 1U;
    const auto scan = scan_segment(ByteView(sent).first(6), SegmentCompression::none);
    ASSERT_TRUE(scan);
    EXPECT_FALSE(scan->is_whole);
    EXPECT_EQ(scan->size, sent.size());
    EXPECT_EQ(scan_segment(ByteView(sent).first(5), SegmentCompression::none)->size, 6U);
    EXPECT_EQ(scan_segment(ByteView(sent).first(5), SegmentCompression::lz4)->size, 8U);
}

}  // namespace
}  // namespace crossfade::cql
