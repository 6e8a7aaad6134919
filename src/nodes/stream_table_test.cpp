#include "nodes/stream_table.hpp"

#include <gtest/gtest.h>

#include <set>

namespace crossfade::nodes {
namespace {

struct Waiter {
    int told = 0;
};

TEST(StreamTable, GivesEachIdToOneOnly) {
    StreamTable<Waiter> table;
    Waiter waiter;
    std::set<std::uint16_t> ids;
    while (table.has_room()) ids.insert(table.take(&waiter));
    EXPECT_EQ(ids.size(), 32768U);
    EXPECT_EQ(*ids.rbegin(), 32767U);
    EXPECT_EQ(table.in_use(), 32768U);
    EXPECT_EQ(table.answered(5).waiter, &waiter);
    EXPECT_TRUE(table.has_room());
    EXPECT_EQ(table.take(&waiter), 5U);
    EXPECT_FALSE(table.has_room());
}

TEST(StreamTable, AnAnswerThatNobodyAskedForIsSeen) {
    StreamTable<Waiter> table;
    Waiter waiter;
    EXPECT_FALSE(table.answered(0).was_taken);
    EXPECT_FALSE(table.answered(-1).was_taken);
    const std::uint16_t id = table.take(&waiter);
    EXPECT_TRUE(table.answered(id).was_taken);
    EXPECT_FALSE(table.answered(id).was_taken);
}

TEST(StreamTable, AnOrphanKeepsItsIdUntilItsAnswerCame) {
    StreamTable<Waiter> table(2);
    Waiter waiter;
    const std::uint16_t orphan = table.take(&waiter);
    const std::uint16_t other = table.take(&waiter);
    EXPECT_EQ(table.orphan(orphan), 1U);
    EXPECT_EQ(table.orphan(orphan), 1U);  // again is once
    EXPECT_FALSE(table.has_room());
    table.answered(other);
    EXPECT_EQ(table.take(&waiter), other);
    const auto late = table.answered(orphan);
    EXPECT_TRUE(late.was_taken);
    EXPECT_EQ(late.waiter, nullptr);
    EXPECT_EQ(table.orphans(), 0U);
    EXPECT_EQ(table.take(&waiter), orphan);
}

TEST(StreamTable, TheEndIsToldToAllWhoWaitAndToNoOrphan) {
    StreamTable<Waiter> table;
    Waiter first, second, gone;
    table.take(&first);
    table.orphan(table.take(&gone));
    table.take(&second);
    table.answered(table.take(&gone));
    table.drain([](Waiter& waiter) { ++waiter.told; });
    EXPECT_EQ(first.told, 1);
    EXPECT_EQ(second.told, 1);
    EXPECT_EQ(gone.told, 0);
    EXPECT_EQ(table.in_use(), 0U);
}

TEST(StreamTable, WhoGivesUpWhileOthersAreToldTheEndIsNotTold) {
    StreamTable<Waiter> table;
    Waiter first, second, third;
    table.take(&first);
    const std::uint16_t id = table.take(&second);
    table.take(&third);
    table.drain([&](Waiter& waiter) {
        ++waiter.told;
        if (&waiter == &first) table.orphan(id);
    });
    EXPECT_EQ(first.told, 1);
    EXPECT_EQ(second.told, 0);
    EXPECT_EQ(third.told, 1);
    EXPECT_EQ(table.in_use(), 0U);
    EXPECT_EQ(table.orphans(), 0U);
}

}  // namespace
}  // namespace crossfade::nodes
