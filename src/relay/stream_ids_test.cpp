#include "relay/stream_ids.hpp"

#include <gtest/gtest.h>

#include <set>

namespace crossfade::relay {
namespace {

struct Waiter {};

TEST(StreamIds, AreEachInUseOnce) {
    StreamIds<Waiter> ids;
    Waiter waiter;
    std::set<std::uint16_t> taken;
    while (ids.has_room(true)) EXPECT_TRUE(taken.insert(ids.take(&waiter)).second);
    EXPECT_EQ(taken.size(), 32768U);
}

TEST(StreamIds, KeepSixtyFourForOurselves) {
    StreamIds<Waiter> ids;
    Waiter waiter;
    while (ids.has_room(false)) ids.take(&waiter);
    EXPECT_EQ(ids.in_use(), 32768U - 64U);
    for (int i = 0; i < 64; ++i) {
        ASSERT_TRUE(ids.has_room(true));
        ids.take(&waiter);
    }
    EXPECT_FALSE(ids.has_room(true));
}

TEST(StreamIds, AFreedOneIsGivenAgain) {
    StreamIds<Waiter> ids;
    Waiter first, second;
    const std::uint16_t a = ids.take(&first);
    const std::uint16_t b = ids.take(&second);
    ids.release(a);
    EXPECT_EQ(ids.at(a), nullptr);
    EXPECT_EQ(ids.at(b), &second);
    EXPECT_EQ(ids.take(&second), a);
}

TEST(StreamIds, NobodyWaitsOnOneThatWasNeverTaken) {
    const StreamIds<Waiter> ids;
    EXPECT_EQ(ids.at(0), nullptr);
    EXPECT_EQ(ids.at(32767), nullptr);
}

TEST(StreamIds, DrainingTellsEverybodyOnce) {
    StreamIds<Waiter> ids;
    Waiter first, second;
    ids.take(&first);
    const std::uint16_t gone = ids.take(&first);
    ids.take(&second);
    ids.release(gone);
    int told = 0;
    ids.drain([&](Waiter&) { ++told; });
    EXPECT_EQ(told, 2);
    EXPECT_EQ(ids.in_use(), 0U);
}

}  // namespace
}  // namespace crossfade::relay
