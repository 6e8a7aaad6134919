#include "gateway/segment_walk.hpp"

#include <gtest/gtest.h>

namespace crossfade::gateway {
namespace {

using Headers = std::vector<std::pair<std::int16_t, std::uint32_t>>;

base::Bytes envelope(std::int16_t stream_id, std::size_t size) {
    base::Bytes frame(cql::frame_header_size + size, 'x');
    for (std::size_t i = 0; i < size; i += 3)
        frame[cql::frame_header_size + i] = static_cast<std::uint8_t>(i * i >> 5U);
    cql::write_frame_header(frame.data(),
                            {5, true, 0, stream_id, cql::Opcode::result, static_cast<std::uint32_t>(size)});
    return frame;
}

class SegmentWalkTest : public testing::TestWithParam<cql::SegmentCompression> {
protected:
    // In one segment small ones, then one that takes three segments, then one that does not shrink.
    SegmentWalkTest() {
        base::Bytes small;
        for (const auto& [stream_id, size] :
             {std::pair(std::int16_t{1}, 30U), {std::int16_t{-1}, 0U}, {std::int16_t{2}, 700U}})
            base::append(small, envelope(stream_id, size));
        cql::append_segments(stream_, small, GetParam());
        cql::append_segments(stream_, envelope(3, 300'000), GetParam());
        cql::append_segments(stream_, envelope(4, 1), GetParam());
    }
    const Headers all_{{1, 30}, {-1, 0}, {2, 700}, {3, 300'000}, {4, 1}};
    base::Bytes stream_;
};

TEST_P(SegmentWalkTest, FindsEveryHeaderHoweverTheStreamIsCut) {
    for (const std::size_t step :
         {std::size_t{1}, std::size_t{2}, std::size_t{5}, std::size_t{13}, std::size_t{70'000}, stream_.size()}) {
        SegmentWalk walk(GetParam());
        Headers found;
        for (std::size_t at = 0; at < stream_.size(); at += step) {
            walk.walk(
                base::ByteView(stream_).subspan(at, std::min(step, stream_.size() - at)),
                [&](const cql::FrameHeader& header) { found.emplace_back(header.stream_id, header.body_length); });
        }
        EXPECT_EQ(found, all_) << "in steps of " << step;
        EXPECT_TRUE(walk.is_between());
    }
}

TEST_P(SegmentWalkTest, IsBetweenNowhereElse) {
    SegmentWalk walk(GetParam());
    base::Bytes one;
    cql::append_segments(one, envelope(1, 200'000), GetParam());
    for (std::size_t at = 0; at + 1 < one.size(); ++at) {
        walk.walk(base::ByteView(one).subspan(at, 1), [](const cql::FrameHeader&) {});
        ASSERT_FALSE(walk.is_between()) << "after " << at + 1 << " of " << one.size();
    }
    walk.walk(base::ByteView(one).last(1), [](const cql::FrameHeader&) {});
    EXPECT_TRUE(walk.is_between());
}

TEST_P(SegmentWalkTest, WhatIsNoSegmentIsNotTakenForOne) {
    SegmentWalk walk(GetParam());
    base::Bytes broken = stream_;
    broken[0] = static_cast<std::uint8_t>(broken[0] ^ 1U);
    int found = 0;
    walk.walk(broken, [&](const cql::FrameHeader&) { ++found; });
    EXPECT_EQ(found, 0);
    EXPECT_FALSE(walk.is_between());
}

INSTANTIATE_TEST_SUITE_P(Compressions, SegmentWalkTest,
                         testing::Values(cql::SegmentCompression::none, cql::SegmentCompression::lz4));

}  // namespace
}  // namespace crossfade::gateway
