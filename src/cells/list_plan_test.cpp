#include <gtest/gtest.h>

#include "cells/plan.hpp"
#include "cells/test_rows.hpp"

namespace crossfade::cells {
namespace {

using Kind = Write::Kind;

class ListPlanTest : public testing::Test {
protected:
    std::shared_ptr<const Layout> layout = sample_layout();
    Planner planner{layout, PlanOptions()};

    TestRow known(std::initializer_list<std::pair<const char*, std::int64_t>> elements) const {
        TestRow row(*layout);
        for (const auto& [value, stamp] : elements) row.add(column_l, {}, text(value), stamp);
        return row;
    }
    TestRow unknown(std::initializer_list<const char*> elements) const {
        TestRow row(*layout);
        for (const char* value : elements) row.add_unknown(column_l, {}, text(value));
        return row;
    }
    // "prepend@5[a b] append@7[c]"
    static std::string told(const Plan& plan) {
        std::string all;
        for (const Write& write : plan.writes) {
            if (write.column != column_l || write.kind == Kind::insert_row || write.kind == Kind::update) continue;
            all += all.empty() ? "" : " ";
            all += write.kind == Kind::append          ? "append"
                   : write.kind == Kind::prepend       ? "prepend"
                   : write.kind == Kind::delete_column ? "delete"
                                                       : "take";
            all += "@" + std::to_string(write.timestamp);
            if (write.kind == Kind::delete_place) all += "#" + std::to_string(cql::Reader(write.element).int_number());
            if (write.values.empty()) continue;
            cql::Reader in(write.values[0].bytes);
            std::string elements;
            for (std::int32_t left = in.int_number(); left > 0; --left)
                elements += (elements.empty() ? "" : " ") + std::string(base::text_of(in.bytes()));
            all += "[" + elements + "]";
        }
        return all;
    }
    std::string copied(TestRow origin, TestRow target) {
        Plan plan;
        planner.copy_row(origin.row(), &target.row(), plan);
        return told(plan) + (plan.unsettled_lists > 0 ? "unsettled" : "");
    }
    std::string repaired(TestRow origin, TestRow target, RepairKinds kinds) {
        const auto difference = compare_rows(*layout, false, &origin.row(), &target.row());
        Plan plan;
        planner.repair(false, &origin.row(), &target.row(), difference, kinds, plan);
        return told(plan);
    }
};

TEST_F(ListPlanTest, NeighboursOfOneStampAreAddedTogether) {
    EXPECT_EQ(copied(known({{"a", 5}, {"b", 5}, {"c", 7}, {"d", 5}}), known({})),
              "append@5[a b] append@7[c] append@5[d]");
    EXPECT_EQ(copied(unknown({"a", "b"}), known({})), "append@1[a b]");
}

TEST_F(ListPlanTest, WhatIsThereIsNotAddedAgain) {
    EXPECT_EQ(copied(known({{"a", 5}, {"b", 6}}), known({{"a", 5}, {"b", 6}})), "");
    EXPECT_EQ(copied(unknown({"a", "b"}), known({{"a", 1}, {"b", 1}})), "");
}

TEST_F(ListPlanTest, OldElementsGoBeforeALiveAppendAndBehindALivePrepend) {
    EXPECT_EQ(copied(unknown({"a", "b", "live"}), known({{"live", 1700000000000000}})), "prepend@1[a b]");
    EXPECT_EQ(copied(unknown({"live", "a", "b"}), known({{"live", 1700000000000000}})), "append@1[a b]");
    EXPECT_EQ(copied(known({{"a", 5}, {"b", 6}, {"live", 9}, {"c", 7}}), known({{"live", 9}})),
              "prepend@6[b] prepend@5[a] append@7[c]");
}

TEST_F(ListPlanTest, NothingIsPutBetweenLiveElements) {
    EXPECT_EQ(copied(known({{"x", 9}, {"a", 5}, {"y", 9}}), known({{"x", 9}, {"y", 9}})), "unsettled");
}

TEST_F(ListPlanTest, AnEarlierCopyIsReplacedWhereItsStampsTellThatItIsOne) {
    EXPECT_EQ(copied(unknown({"b", "c"}), known({{"a", 1}, {"b", 1}})), "delete@1 append@2[b c]");
    EXPECT_EQ(copied(unknown({"b", "c"}), known({{"a", 2}, {"b", 2}})), "delete@2 append@3[b c]");
    EXPECT_EQ(copied(unknown({"b", "live"}), known({{"a", 1}, {"b", 1}, {"live", 1700000000000000}})),
              "delete@1 prepend@2[b]");
}

TEST_F(ListPlanTest, ASecondOneOfTheSameElementIsTakenOut) {
    EXPECT_EQ(copied(known({{"a", 5}, {"b", 6}}), known({{"a", 5}, {"a", 5}, {"b", 6}})), "take@5#1");
    EXPECT_EQ(copied(known({{"a", 5}}), known({{"z", 8}, {"a", 5}})), "unsettled")
        << "z may be a live write that the origin gets next";
}

TEST_F(ListPlanTest, ElementsThatOnlyTheTargetHasGoWhenExtraIsAskedFor) {
    EXPECT_EQ(repaired(known({{"a", 5}}), known({{"z", 3}, {"a", 5}, {"y", 4}}), {true, true, true}),
              "take@4#2 take@3#0");
    EXPECT_EQ(repaired(known({{"a", 5}}), known({{"z", 3}, {"a", 5}}), {true, true, false}), "");
    EXPECT_EQ(repaired(known({}), known({{"z", 3}, {"y", 4}}), {true, true, true}), "delete@4");
}

TEST_F(ListPlanTest, ReadingTellsWhetherARepairWouldHelp) {
    TestRow origin = known({{"x", 9}, {"a", 5}, {"y", 9}}), target = known({{"x", 9}, {"y", 9}});
    const auto difference = compare_rows(*layout, false, &origin.row(), &target.row());
    ASSERT_EQ(difference.cells.size(), 1U);
    EXPECT_EQ(
        planner.why_left(false, &origin.row(), &target.row(), difference, &difference.cells[0], {true, true, false}),
        Left::list_order);
}

}  // namespace
}  // namespace crossfade::cells
