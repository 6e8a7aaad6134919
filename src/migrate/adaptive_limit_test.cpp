#include "migrate/adaptive_limit.hpp"

#include <gtest/gtest.h>

namespace crossfade::migrate {
namespace {

void answer(AdaptiveLimit& limit, std::uint64_t microseconds, bool was_full = true) {
    for (std::uint32_t i = limit.limit(); i > 0; --i) limit.answered(microseconds, was_full);
}

TEST(AdaptiveLimit, GrowsWhileAnswersComeQuickly) {
    AdaptiveLimit limit({8, 2, 100});
    for (int round = 0; round < 60; ++round) answer(limit, 2000);
    EXPECT_EQ(limit.limit(), 100U);
}

TEST(AdaptiveLimit, DoesNotGrowWhenItIsNotUsed) {
    AdaptiveLimit limit({8, 2, 100});
    for (int round = 0; round < 60; ++round) answer(limit, 2000, false);
    EXPECT_EQ(limit.limit(), 8U);
}

TEST(AdaptiveLimit, ShrinksWhenAnswersTakeManyTimesAsLong) {
    AdaptiveLimit limit({64, 2, 1000});
    answer(limit, 1000);
    const std::uint32_t before = limit.limit();
    answer(limit, 100000);
    EXPECT_LT(limit.limit(), before);
    for (int round = 0; round < 100; ++round) answer(limit, 100000);
    EXPECT_EQ(limit.limit(), 2U) << "and never below the least";
}

TEST(AdaptiveLimit, ARefusalHalvesItOnceForARound) {
    AdaptiveLimit limit({64, 2, 1000});
    limit.refused();
    limit.refused();
    limit.refused();
    EXPECT_EQ(limit.limit(), 32U);
    answer(limit, 1000);
    limit.refused();
    EXPECT_LT(limit.limit(), 32U);
}

}  // namespace
}  // namespace crossfade::migrate
