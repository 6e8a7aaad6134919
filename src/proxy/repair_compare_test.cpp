#include "proxy/repair_compare.hpp"

#include <gtest/gtest.h>

#include "proxy/facts.hpp"
#include "proxy/journal_test_entries.hpp"
#include "proxy/repair_keys.hpp"

namespace crossfade::proxy {
namespace {

cells::Row row_of(std::vector<cells::Stamp> stamps) {
    cells::Row row;
    for (const cells::Stamp& stamp : stamps) row.atoms.push_back({{}, {}, stamp});
    row.ends = {static_cast<std::uint32_t>(row.atoms.size())};
    return row;
}
constexpr cells::Stamp at(std::int64_t writetime) {
    return {true, writetime, 0};
}

TEST(IsOlderRow, IsARowThatIsNotCopiedYet) {
    const cells::Row old = row_of({at(10), at(99)}), mixed = row_of({at(10), at(100)}), unknown = row_of({at(10), {}}),
                     marker = row_of({});
    EXPECT_TRUE(is_older_row(&old, nullptr, 100));
    EXPECT_FALSE(is_older_row(&old, nullptr, 99));
    EXPECT_FALSE(is_older_row(&mixed, nullptr, 100));
    EXPECT_FALSE(is_older_row(&unknown, nullptr, 100));
    EXPECT_FALSE(is_older_row(&marker, nullptr, 100));
    // The other side has something of it: it may lack a write, or a delete.
    EXPECT_FALSE(is_older_row(&old, &old, 100));
    EXPECT_FALSE(is_older_row(nullptr, &old, 100));
}

TEST(OldestMeant, IsARequestTimeoutBeforeTheEntryOrItsLeastStamp) {
    JournalEntry entry = mutation("t");
    entry.kind = JournalEntry::Kind::table;
    entry.time_us = 100'000'000;
    entry.timestamp = 0;
    EXPECT_EQ(oldest_meant(entry, std::chrono::seconds(10)), 90'000'000);
    entry.timestamp = 80'000'000;
    EXPECT_EQ(oldest_meant(entry, std::chrono::seconds(10)), 80'000'000);
    entry.time_us = 5;
    entry.timestamp = 0;
    EXPECT_EQ(oldest_meant(entry, std::chrono::seconds(10)), 1);  // never "no bound"
}

class TruncateSidesTest : public testing::Test {
protected:
    static constexpr std::int64_t instant = 1'000'000'000;
    TruncateSidesTest() {
        entry_.kind = JournalEntry::Kind::truncate;
        entry_.timestamp = 0;
        entry_.time_us = instant;
        for (TableOnSide& side : table_) {
            side.exists = side.knows_truncations = true;
            side.truncated_us = instant - 100'000'000;
        }
    }
    TruncateSides sides() const { return truncate_sides(entry_, table_); }

    JournalEntry entry_ = mutation("t");  // the target is to be repaired
    TableOnSides table_;
};

TEST_F(TruncateSidesTest, TheClusterTellsThatItExecutedIt) {
    table_[origin_cluster].truncated_us = instant - 300;
    EXPECT_FALSE(sides().is_settled);
    EXPECT_EQ(sides().truncated, origin_cluster);
    EXPECT_EQ(sides().before_us, instant - 300);
}

TEST_F(TruncateSidesTest, WhatClustersTellBeatsWhatTheEntryGuessed) {
    table_[target_cluster].truncated_us = instant + 300;
    EXPECT_EQ(sides().truncated, target_cluster);
    EXPECT_EQ(sides().before_us, instant + 300);
    entry_.sides = origin_side | target_side;
    EXPECT_EQ(sides().truncated, target_cluster);
}

TEST_F(TruncateSidesTest, OnBothOrOnNeitherItIsSettled) {
    EXPECT_TRUE(sides().is_settled);
    for (TableOnSide& side : table_) side.truncated_us = instant + 1;
    EXPECT_TRUE(sides().is_settled);
}

TEST_F(TruncateSidesTest, WhereClustersDoNotTellTheEntryDecides) {
    table_[origin_cluster].knows_truncations = false;
    table_[origin_cluster].truncated_us = 0;
    EXPECT_EQ(sides().truncated, origin_cluster);
    EXPECT_EQ(sides().before_us, instant);
    entry_.sides = origin_side | target_side;
    EXPECT_FALSE(sides().is_settled);
    EXPECT_FALSE(sides().truncated.has_value());
}

TEST(SplitKey, ReadsTheComponentsOfASerializedKey) {
    const base::Bytes one{1, 2, 3};
    EXPECT_EQ(split_key(one, 1), KeyComponents{one});
    const base::Bytes two{0, 1, 9, 0, 0, 0, 0};
    EXPECT_EQ(split_key(two, 2), (KeyComponents{{9}, {}}));
    EXPECT_FALSE(split_key(two, 3));
    EXPECT_FALSE(split_key(base::ByteView(two).first(6), 2));
    EXPECT_FALSE(split_key({}, 1));
    const base::Bytes longer{0, 1, 9, 0, 0, 0, 0, 7};
    EXPECT_FALSE(split_key(longer, 2));
    const base::Bytes slice{0, 1, 9, 1, 0, 0, 0};
    EXPECT_FALSE(split_key(slice, 2));
}

}  // namespace
}  // namespace crossfade::proxy
