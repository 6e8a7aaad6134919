#include "base/recent_map.hpp"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace crossfade::base {
namespace {

constexpr std::size_t any = 1'000'000;

TEST(RecentMap, StaysWithinItsBoundAndKeepsTheLatest) {
    RecentMap<int, std::string> map(100, any);
    for (int i = 0; i < 1000; ++i) {
        map.put(i, std::to_string(i), 1);
        ASSERT_LE(map.size(), 100U);
    }
    for (int i = 950; i < 1000; ++i) {
        const std::string* const found = map.find(i);
        ASSERT_NE(found, nullptr) << i;
        EXPECT_EQ(*found, std::to_string(i));
    }
    EXPECT_EQ(map.find(0), nullptr);
}

TEST(RecentMap, WhatIsUsedStaysWhateverElseComes) {
    RecentMap<int, int> map(100, any);
    map.put(-1, 77, 1);
    for (int i = 0; i < 10'000; ++i) {
        map.put(i, i, 1);
        if (i % 40 == 0) {
            ASSERT_NE(map.find(-1), nullptr) << i;
        }
    }
    EXPECT_EQ(*map.find(-1), 77);
}

TEST(RecentMap, CostsAreBoundedToo) {
    RecentMap<int, int> map(any, 1000);
    for (int i = 0; i < 100; ++i) {
        map.put(i, i, 100);
        std::size_t cost = 0;
        map.for_each([&](int, int) { cost += 100; });
        ASSERT_LE(cost, 1000U);
    }
    EXPECT_EQ(map.size(), 10U);
    // What costs more than all the others together may is kept, and they go when the next one comes.
    map.put(500, 500, 5000);
    EXPECT_NE(map.find(500), nullptr);
    map.put(501, 501, 5000);
    map.put(502, 502, 1);
    EXPECT_LE(map.size(), 2U);
    EXPECT_NE(map.find(502), nullptr);
}

TEST(RecentMap, APutTakesThePlaceOfTheSameKeyInEitherGeneration) {
    RecentMap<int, std::string> map(4, any);
    map.put(1, "a", 1);
    map.put(1, "b", 1);
    EXPECT_EQ(*map.find(1), "b");
    EXPECT_EQ(map.size(), 1U);
    map.put(2, "c", 1);
    map.put(3, "d", 1);  // 1 and 2 are old now
    map.put(1, "e", 1);
    EXPECT_EQ(*map.find(1), "e");
    EXPECT_EQ(map.size(), 3U);
    std::set<std::string> seen;
    map.for_each([&](int, const std::string& value) { seen.insert(value); });
    EXPECT_EQ(seen, (std::set<std::string>{"c", "d", "e"}));
}

TEST(RecentMap, AFoundValueStaysWhereItIsUntilTheNextCall) {
    RecentMap<int, std::string> map(2, any);
    map.put(1, "one", 1);
    map.put(2, "two", 1);
    std::string* const found = map.find(1);  // comes back from the old generation
    ASSERT_NE(found, nullptr);
    *found = "changed";
    EXPECT_EQ(*map.find(1), "changed");
}

}  // namespace
}  // namespace crossfade::base
