#include "base/histogram.hpp"

#include <gtest/gtest.h>

#include <limits>

namespace crossfade::base {
namespace {

TEST(Histogram, OfNothingIsZero) {
    const Histogram empty;
    EXPECT_EQ(empty.count(), 0U);
    EXPECT_EQ(empty.quantile(0.5), 0U);
    EXPECT_EQ(empty.largest(), 0U);
}

TEST(Histogram, IsExactForSmallNumbers) {
    Histogram h;
    for (std::uint64_t value = 1; value <= 60; ++value) h.record(value);
    EXPECT_EQ(h.quantile(0.5), 30U);
    EXPECT_EQ(h.quantile(0), 1U);
    EXPECT_EQ(h.quantile(1), 60U);
}

TEST(Histogram, IsNeverBelowAndAtMostASixtyFourthAboveWhatWasRecorded) {
    for (std::uint64_t value = 1; value < (std::uint64_t{1} << 62); value = value * 3 / 2 + 1) {
        Histogram h;
        h.record(value);
        h.record(
            std::numeric_limits<std::uint64_t>::max());  // so that the largest value does not hide the bucket's end
        EXPECT_GE(h.quantile(0.5), value);
        EXPECT_LE(h.quantile(0.5), value + value / 64) << value;
    }
}

TEST(Histogram, TakesTheLargestNumber) {
    Histogram h;
    h.record(std::numeric_limits<std::uint64_t>::max());
    EXPECT_EQ(h.quantile(0.99), std::numeric_limits<std::uint64_t>::max());
}

TEST(Histogram, FindsTheTail) {
    Histogram h;
    for (int i = 0; i < 990; ++i) h.record(1000);
    for (int i = 0; i < 10; ++i) h.record(1000000);
    EXPECT_LE(h.quantile(0.99), 1015U);
    EXPECT_EQ(h.quantile(0.995), 1000000U);
}

TEST(Histogram, MergesAndClears) {
    Histogram a, b;
    a.record(10);
    b.record(20);
    b.record(30);
    a.merge(b);
    EXPECT_EQ(a.count(), 3U);
    EXPECT_EQ(a.quantile(0.5), 20U);
    EXPECT_EQ(a.largest(), 30U);
    a.clear();
    EXPECT_EQ(a.count(), 0U);
    EXPECT_EQ(a.largest(), 0U);
}

}  // namespace
}  // namespace crossfade::base
