#include "cql/frame.hpp"

#include <gtest/gtest.h>

#include "cql/test_bytes.hpp"

namespace crossfade::cql {
namespace {

TEST(FrameHeader, IsReadAsSpecified) {
    const Bytes bytes = hex("84 08 7fff 08 00000102");
    const FrameHeader header = read_frame_header(bytes.data());
    EXPECT_EQ(header.version, 4);
    EXPECT_TRUE(header.is_response);
    EXPECT_EQ(header.flags, frame_flag::warning);
    EXPECT_EQ(header.stream_id, 32767);
    EXPECT_EQ(header.opcode, Opcode::result);
    EXPECT_EQ(header.body_length, 258U);
}

TEST(FrameHeader, OfAnEventHasStreamMinusOne) {
    EXPECT_EQ(read_frame_header(hex("83 00 ffff 0c 00000000").data()).stream_id, -1);
}

TEST(FrameHeader, ComesBackAsItWasWritten) {
    for (const ProtocolVersion version : all_versions) {
        for (const bool is_response : {false, true}) {
            const FrameHeader header{
                static_cast<std::uint8_t>(version), is_response, 0x1F, -2, Opcode::revise_request, 0xFFFFFFFF};
            Bytes bytes(frame_header_size);
            write_frame_header(bytes.data(), header);
            const FrameHeader again = read_frame_header(bytes.data());
            EXPECT_EQ(again.version, header.version);
            EXPECT_EQ(again.is_response, header.is_response);
            EXPECT_EQ(again.flags, header.flags);
            EXPECT_EQ(again.stream_id, header.stream_id);
            EXPECT_EQ(again.opcode, header.opcode);
            EXPECT_EQ(again.body_length, header.body_length);
        }
    }
}

TEST(FrameHeader, IsPatchedInPlace) {
    Bytes bytes = hex("04 00 0001 07 00000000");
    patch_stream_id(bytes.data(), 0x7ABC);
    patch_body_length(bytes.data(), 5);
    EXPECT_EQ(bytes, hex("04 00 7abc 07 00000005"));
}

TEST(AppendFrame, WritesTheLengthOfItsBodyBehindWhatIsThere) {
    Bytes out = hex("ee");
    append_frame(out, 0x42, true, frame_flag::tracing, 0x0102, Opcode::ready,
                 [](Writer& writer) { writer.string("ab"); });
    EXPECT_EQ(out, hex("ee c2 02 0102 02 00000004 0002 'ab'"));
}

TEST(ScanFrame, FindsAFrameWhereverItIsSplit) {
    const Bytes stream = hex("04 00 0001 05 00000000  04 00 0002 0f 00000003 010203  04 00 0003 05 00000000");
    const std::size_t sizes[] = {9, 12, 9};
    for (std::size_t split = 0; split <= stream.size(); ++split) {
        // The bytes that have come so far, once before and once after the split.
        std::size_t used = 0, frames = 0;
        for (const std::size_t there : {split, stream.size()}) {
            while (true) {
                const ExactBytes block(ByteView(stream).subspan(used, there - used));
                const FrameScan scan = scan_frame(block.view(), 3);
                if (scan.state != FrameScan::State::whole) {
                    EXPECT_EQ(scan.state, FrameScan::State::partial);
                    EXPECT_GT(scan.needed, block.view().size());
                    if (frames < 3) {
                        EXPECT_EQ(scan.needed,
                                  block.view().size() < frame_header_size ? frame_header_size : sizes[frames]);
                    }
                    break;
                }
                ASSERT_LT(frames, 3U);
                EXPECT_EQ(scan.frame.bytes.size(), sizes[frames]);
                EXPECT_EQ(scan.frame.header.stream_id, static_cast<int>(frames) + 1);
                EXPECT_EQ(scan.frame.body().size(), sizes[frames] - frame_header_size);
                used += scan.frame.bytes.size();
                ++frames;
            }
        }
        EXPECT_EQ(frames, 3U) << "split at " << split;
        EXPECT_EQ(used, stream.size());
    }
}

TEST(ScanFrame, RefusesALengthByTheHeaderAlone) {
    for (const char* bytes : {"04 00 0001 07 10000001", "04 00 0001 07 ffffffff", "04 00 0001 07 80000000"}) {
        const ExactBytes header(hex(bytes));
        const FrameScan scan = scan_frame(header.view(), largest_frame);
        EXPECT_EQ(scan.state, FrameScan::State::refused);
        EXPECT_EQ(scan.frame.header.stream_id, 1);
        EXPECT_FALSE(scan.why.empty());
    }
    EXPECT_EQ(scan_frame(hex("04 00 0001 07 10000000"), largest_frame).needed, largest_frame + frame_header_size);
}

TEST(ScanFrame, LeavesAnUnknownVersionToItsCaller) {
    const ExactBytes bytes(hex("7e 00 0001 05 00000000"));
    const FrameScan scan = scan_frame(bytes.view(), 0);
    EXPECT_EQ(scan.state, FrameScan::State::whole);
    EXPECT_EQ(scan.frame.header.version, 0x7E);
}

FrameHeader response_with(std::uint8_t flags) {
    return {4, true, flags, 0, Opcode::result, 0};
}

TEST(BodyPrefix, OfAResponseHasItsPartsInOrder) {
    const Bytes tracing = hex("000102030405060708090a0b0c0d0e0f"), warnings = hex("0002 0001 'w' 0000"),
                payload = hex("0002 0001 'k' 00000001 07 0001 'n' ffffffff"), message = hex("00000001");
    Bytes body;
    for (const Bytes* part : {&tracing, &warnings, &payload, &message}) base::append(body, *part);
    const ExactBytes block(body);
    const auto prefix = read_body_prefix(
        response_with(frame_flag::tracing | frame_flag::warning | frame_flag::custom_payload), block.view());
    ASSERT_TRUE(prefix) << prefix.error().message;
    EXPECT_EQ(copy_of(prefix->tracing_id), tracing);
    EXPECT_EQ(copy_of(prefix->warnings), warnings);
    EXPECT_EQ(copy_of(prefix->custom_payload), payload);
    EXPECT_EQ(copy_of(block.view().subspan(prefix->size)), message);
}

TEST(BodyPrefix, IsEmptyWithoutFlags) {
    const auto prefix = read_body_prefix(response_with(frame_flag::compressed), hex("00000001"));
    ASSERT_TRUE(prefix);
    EXPECT_EQ(prefix->size, 0U);
}

TEST(BodyPrefix, OfARequestIsOnlyACustomPayload) {
    FrameHeader header = response_with(frame_flag::tracing | frame_flag::warning | frame_flag::custom_payload);
    header.is_response = false;
    const Bytes body = hex("0001 0001 'k' 00000000 0a");
    const auto prefix = read_body_prefix(header, body);
    ASSERT_TRUE(prefix);
    EXPECT_EQ(prefix->size, body.size() - 1);
    EXPECT_TRUE(prefix->tracing_id.empty());
    EXPECT_TRUE(prefix->warnings.empty());
}

TEST(BodyPrefix, FailsWhereverItIsCut) {
    const Bytes body = hex("000102030405060708090a0b0c0d0e0f 0001 0001 'w' 0001 0001 'k' 00000001 07");
    for_each_prefix(body, [](ByteView prefix) {
        const auto result = read_body_prefix(
            response_with(frame_flag::tracing | frame_flag::warning | frame_flag::custom_payload), prefix);
        ASSERT_FALSE(result) << prefix.size();
        EXPECT_EQ(result.error().kind, base::ErrorKind::bad_input);
    });
}

}  // namespace
}  // namespace crossfade::cql
