#include "nodes/clock_reading.hpp"

#include <gtest/gtest.h>

#include "base/bytes.hpp"

namespace crossfade::nodes {
namespace {

TEST(ClockReading, ATimeuuidTellsItsInstant) {
    // 13814000-1dd2-11b2-8000-000000000000 is 1970-01-01T00:00:00Z (RFC 4122 §4.1.4).
    const base::Bytes epoch{0x13, 0x81, 0x40, 0x00, 0x1D, 0xD2, 0x11, 0xB2, 0x80, 0, 0, 0, 0, 0, 0, 0};
    EXPECT_EQ(microseconds_of_timeuuid(epoch), 0);
    // f81d4fae-7dec-11d0-a765-00a0c91e6bf6, the example of RFC 4122: 1997-02-03T17:43:12.216875Z.
    const base::Bytes example{0xF8, 0x1D, 0x4F, 0xAE, 0x7D, 0xEC, 0x11, 0xD0,
                              0xA7, 0x65, 0x00, 0xA0, 0xC9, 0x1E, 0x6B, 0xF6};
    EXPECT_EQ(microseconds_of_timeuuid(example), 854991792216875);
}

TEST(ClockReading, TheTruthLiesWithinOffsetAndError) {
    const ClockReading reading = clock_reading(1'000'000, 1'004'000, 1'102'000);
    EXPECT_EQ(reading.offset_us, 100'000);
    EXPECT_EQ(reading.error_us, 3'000);
    const ClockReading behind = clock_reading(1'000'000, 1'000'001, 900'000);
    EXPECT_EQ(behind.offset_us, -100'000);
    EXPECT_EQ(behind.error_us, 1'001);
}

}  // namespace
}  // namespace crossfade::nodes
