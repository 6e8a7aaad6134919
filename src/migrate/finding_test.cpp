#include "migrate/finding.hpp"

#include <gtest/gtest.h>

#include "cells/test_rows.hpp"
#include "migrate/exactness.hpp"

namespace crossfade::migrate {
namespace {

using namespace cells;

class FindingTest : public testing::Test {
protected:
    std::shared_ptr<const Layout> layout = sample_layout();
    Bytes k = number(1), c = number(2);

    RowKey key(bool of_statics = false) {
        PartitionKey partition;
        partition.components = {k};
        return of_statics ? RowKey(true, partition, {}) : RowKey(false, partition, {c});
    }
    static Fate left(const char* why) {
        Fate fate;
        fate.left = why;
        return fate;
    }
};

TEST_F(FindingTest, ADifferentRow) {
    TestRow origin(*layout), target(*layout);
    origin.add(column_v, {}, text("a"), 5)
        .add(column_m, text("x"), text("1"), 5, 900)
        .add(column_u, field(1), number(3), 5);
    target.add(column_v, {}, text("b"), 7).add(column_s, text("e"), {}, 6);
    const auto difference = compare_rows(*layout, false, &origin.row(), &target.row());
    EXPECT_EQ(
        finding_json(*layout, key(), difference, left("newer on the target")),
        R"({"table":"ks.t","kind":"different","key":{"k":1,"c":2},"cells":[)"
        R"({"column":"m","kind":"missing","element":"x","origin":"1","origin_writetime":5,"origin_expires_at":900,"target":null},)"
        R"({"column":"s","kind":"extra","element":"e","origin":null,"target_writetime":6},)"
        R"({"column":"u","kind":"missing","field":"y","origin":3,"origin_writetime":5,"target":null},)"
        R"({"column":"v","kind":"value","origin":"a","origin_writetime":5,"target":"b","target_writetime":7}],)"
        R"("repaired":false,"left":"newer on the target"})");
    EXPECT_EQ(
        finding_text(*layout, key(), difference, left("newer on the target")),
        "ks.t WHERE k = 1 AND c = 2: different in m (missing), s (extra), u (missing), v (value); newer on the target");
    PartCounts counts;
    count_finding(difference, Fate(), counts);
    EXPECT_EQ(counts.different, 1U);
    EXPECT_EQ(counts.with_missing_cell, 1U);
    EXPECT_EQ(counts.with_extra_cell, 1U);
    EXPECT_EQ(counts.with_value, 1U);
    EXPECT_EQ(counts.newer_on_target, 1U);
    EXPECT_EQ(counts.with_ttl, 0U);
}

TEST_F(FindingTest, ARowThatOneSideLacks) {
    TestRow row(*layout);
    Fate repaired;
    repaired.is_repaired = true;
    const auto missing = compare_rows(*layout, false, &row.row(), nullptr);
    EXPECT_EQ(finding_json(*layout, key(), missing, repaired),
              R"({"table":"ks.t","kind":"missing","key":{"k":1,"c":2},"repaired":true})");
    EXPECT_EQ(finding_text(*layout, key(), missing, repaired),
              "ks.t WHERE k = 1 AND c = 2: missing on the target; repaired");
    const auto extra = compare_rows(*layout, true, nullptr, &row.row());
    EXPECT_EQ(finding_json(*layout, key(true), extra, Fate()),
              R"({"table":"ks.t","kind":"extra","statics":true,"key":{"k":1},"repaired":false})");
    EXPECT_EQ(finding_text(*layout, key(true), extra, Fate()), "ks.t WHERE k = 1: static columns only on the target");
}

TEST(Exactness, NamesTheTableAndTheColumns) {
    const auto layout = sample_layout();
    Readability old = hoped_for(*layout);
    for (const std::uint32_t column : {column_l, column_m, column_s, column_u}) old.regulars[column] = false;
    PartCounts counts;
    EXPECT_TRUE(inexact(*layout, hoped_for(*layout), counts, 1).empty());
    counts.default_stamped_cells = 1200;
    counts.key_only_rows = 3;
    counts.refused_expiries = 4;
    const auto notes = inexact(*layout, old, counts, 1);
    ASSERT_EQ(notes.size(), 3U);
    EXPECT_EQ(
        notes[2],
        "ks.t: the origin refused to show when 4 rows end; what does not tell its TTL got the latest expiry of its "
        "row, or none where something in the row has none");
    EXPECT_EQ(notes[0], "ks.t: 1,200 elements of l, m, s, u got timestamp 1, because the origin does not tell theirs");
    EXPECT_EQ(notes[1], "ks.t: 3 rows have nothing but a key; it got timestamp 1");
    EXPECT_EQ(foreseen(*layout, old, 1, false).size(), 1U);
    EXPECT_TRUE(foreseen(*layout, hoped_for(*layout), 1, false).empty());
}

}  // namespace
}  // namespace crossfade::migrate
