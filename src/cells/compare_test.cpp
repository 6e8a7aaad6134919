#include "cells/compare.hpp"

#include <gtest/gtest.h>

#include "cells/test_rows.hpp"

namespace crossfade::cells {
namespace {

using Kind = CellDifference::Kind;

class CompareTest : public testing::Test {
protected:
    std::shared_ptr<const Layout> layout = sample_layout();

    // "v:value m:missing"; newer ones of the target end in '+'.
    std::string compared(TestRow origin, TestRow target) {
        const RowDifference difference = compare_rows(*layout, false, &origin.row(), &target.row());
        EXPECT_EQ(are_equal(*layout, false, origin.row(), target.row()), difference.kind == RowDifference::Kind::none);
        std::string all;
        for (const CellDifference& cell : difference.cells)
            all += (all.empty() ? "" : " ") + layout->regulars[cell.column].name + ":" +
                   std::string(name_of(cell.kind)) + (cell.target_is_newer ? "+" : "");
        return all;
    }
    TestRow row() const { return TestRow(*layout); }
};

TEST_F(CompareTest, EachKindHasItsName) {
    EXPECT_EQ(
        compared(std::move(row().add(column_v, {}, text("a"), 5)), std::move(row().add(column_v, {}, text("a"), 5))),
        "");
    EXPECT_EQ(
        compared(std::move(row().add(column_v, {}, text("a"), 5)), std::move(row().add(column_v, {}, text("b"), 5))),
        "v:value");
    EXPECT_EQ(
        compared(std::move(row().add(column_v, {}, text("a"), 5)), std::move(row().add(column_v, {}, text("b"), 6))),
        "v:value+");
    EXPECT_EQ(
        compared(std::move(row().add(column_v, {}, text("a"), 5)), std::move(row().add(column_v, {}, text("a"), 4))),
        "v:writetime");
    EXPECT_EQ(
        compared(std::move(row().add(column_v, {}, text("a"), 5)), std::move(row().add(column_v, {}, text("a"), 6))),
        "v:writetime+");
    EXPECT_EQ(compared(std::move(row().add(column_v, {}, text("a"), 5)), row()), "v:missing");
    EXPECT_EQ(compared(row(), std::move(row().add(column_w, {}, number(1), 5))), "w:extra");
    EXPECT_EQ(compared(std::move(row().add(column_v, {}, {}, 5)), row()), "v:missing") << "empty is not null";
}

TEST_F(CompareTest, ExpiriesWithinAMinuteAreEqual) {
    const auto expiring = [&](std::int64_t at) { return std::move(row().add(column_v, {}, text("a"), 5, at)); };
    EXPECT_EQ(compared(expiring(1000), expiring(1060)), "");
    EXPECT_EQ(compared(expiring(1060), expiring(1000)), "");
    EXPECT_EQ(compared(expiring(1000), expiring(1061)), "v:ttl");
    EXPECT_EQ(compared(expiring(1000), expiring(0)), "v:ttl");
    EXPECT_EQ(compared(expiring(0), expiring(30)), "v:ttl") << "one that expires beside one that does not";
}

TEST_F(CompareTest, CollectionsElementByElementInAnyOrder) {
    TestRow origin = row(), target = row();
    origin.add(column_m, text("a"), text("1"), 5)
        .add(column_m, text("b"), text("2"), 5)
        .add(column_s, text("x"), {}, 5)
        .add(column_u, field(0), number(1), 5);
    target.add(column_m, text("b"), text("3"), 9)
        .add(column_m, text("a"), text("1"), 5)
        .add(column_s, text("y"), {}, 5)
        .add(column_u, field(1), number(1), 5);
    EXPECT_EQ(compared(std::move(origin), std::move(target)), "m:value+ s:missing s:extra u:missing u:extra");
}

TEST_F(CompareTest, ListsAsAWhole) {
    const auto list = [&](std::initializer_list<const char*> values) {
        TestRow made = row();
        for (const char* value : values) made.add(column_l, {}, text(value), 5);
        return made;
    };
    EXPECT_EQ(compared(list({"a", "b"}), list({"a", "b"})), "");
    EXPECT_EQ(compared(list({"a", "b"}), list({"b", "a"})), "l:list");
    EXPECT_EQ(compared(list({"a"}), list({"a", "a"})), "l:list");
    EXPECT_EQ(compared(list({"a"}), list({})), "l:missing");
    EXPECT_EQ(compared(list({}), list({"a"})), "l:extra");
}

TEST_F(CompareTest, StampsCountOnlyWhereBothAreKnown) {
    EXPECT_EQ(compared(std::move(row().add_unknown(column_s, text("x"), {})),
                       std::move(row().add(column_s, text("x"), {}, 9, 5000))),
              "");
    EXPECT_EQ(compared(std::move(row().add_unknown(column_m, text("x"), text("1"))),
                       std::move(row().add(column_m, text("x"), text("2"), 9))),
              "m:value");
}

TEST_F(CompareTest, ARowThatOneSideLacks) {
    TestRow one = row();
    EXPECT_EQ(compare_rows(*layout, false, &one.row(), nullptr).kind, RowDifference::Kind::missing);
    EXPECT_EQ(compare_rows(*layout, false, nullptr, &one.row()).kind, RowDifference::Kind::extra);
    EXPECT_EQ(compare_rows(*layout, false, nullptr, nullptr).kind, RowDifference::Kind::none);
}

}  // namespace
}  // namespace crossfade::cells
