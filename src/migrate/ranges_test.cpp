#include "migrate/ranges.hpp"

#include <gtest/gtest.h>

namespace crossfade::migrate {
namespace {

void expect_whole_ring(const std::vector<cql::TokenRange>& parts) {
    ASSERT_FALSE(parts.empty());
    EXPECT_EQ(parts.front().start, cql::smallest_token);
    EXPECT_EQ(parts.back().end, cql::largest_token);
    for (std::size_t i = 1; i < parts.size(); ++i) {
        EXPECT_EQ(parts[i].start, parts[i - 1].end);
        EXPECT_LT(parts[i].start, parts[i].end);
    }
}

TEST(Ranges, NoPartCrossesAToken) {
    const cql::TokenRing ring({{-5000, 0}, {100, 1}, {cql::largest_token / 2, 0}});
    const auto parts = cut_ring(ring, std::nullopt);
    expect_whole_ring(parts);
    for (const cql::Token token : {cql::Token{-5000}, cql::Token{100}, cql::largest_token / 2})
        EXPECT_TRUE(std::any_of(parts.begin(), parts.end(), [&](const cql::TokenRange& part) {
            return part.end == token;
        })) << token;
    EXPECT_GE(parts.size(), 60U);
    EXPECT_LE(parts.size(), 70U);
}

TEST(Ranges, LargeTablesHaveMoreParts) {
    const cql::TokenRing ring({{0, 0}});
    const double part = 8.0 * 1024 * 1024;
    EXPECT_NEAR(static_cast<double>(cut_ring(ring, TableEstimate{1000 * part, 1e6}).size()), 1000, 2);
    EXPECT_LE(cut_ring(ring, TableEstimate{1e18, 1e12}).size(), 20001U);
    expect_whole_ring(cut_ring(ring, TableEstimate{300 * part, 1e6}));
    expect_whole_ring(cut_ring(cql::TokenRing(), std::nullopt));
}

TEST(Ranges, OneNodesEstimateIsTakenForAll) {
    // A quarter of the ring.
    RangeEstimate quarter;
    quarter.start = 0;
    quarter.end = cql::largest_token / 2;
    quarter.partitions = 100;
    quarter.mean_partition_bytes = 50;
    const auto estimate = estimate_of({quarter});
    ASSERT_TRUE(estimate);
    EXPECT_NEAR(estimate->partitions, 400, 1);
    EXPECT_NEAR(estimate->bytes, 20000, 50);
    EXPECT_FALSE(estimate_of({}));
    EXPECT_FALSE(estimate_of({RangeEstimate()})) << "a table that was never flushed";
    RangeEstimate wrapping = quarter;
    wrapping.start = cql::largest_token;
    wrapping.end = cql::smallest_token + 1;
    EXPECT_GT(estimate_of({wrapping})->partitions, 100);
}

}  // namespace
}  // namespace crossfade::migrate
