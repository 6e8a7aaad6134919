#include "cells/reconcile_plan.hpp"

#include <gtest/gtest.h>

#include <random>

#include "cells/test_rows.hpp"

namespace crossfade::cells {
namespace {

using Kind = Write::Kind;

class ReconcilePlanTest : public testing::Test {
protected:
    std::shared_ptr<const Layout> layout = sample_layout();
    Planner planner{layout, PlanOptions()};
    static constexpr std::int64_t fresh = 1'000'000;

    ReconcilePlan plan(TestRow* origin, TestRow* target, Side primary, bool insists = false,
                       std::int64_t keep_older_than = 0) {
        const Row* const left = origin == nullptr ? nullptr : &origin->row();
        const Row* const right = target == nullptr ? nullptr : &target->row();
        ReconcilePlan made;
        plan_reconciliation(planner, false, primary, left, right, compare_rows(*layout, false, left, right), fresh,
                            insists, made, keep_older_than);
        return made;
    }
    TestRow row() const { return TestRow(*layout); }
};

TEST_F(ReconcilePlanTest, TheNewerCellGoesToTheOtherSideUnderItsOwnStamp) {
    TestRow origin = row(), target = row();
    origin.add(column_v, {}, text("older"), 10).add(column_w, {}, number(2), 20, 5000);
    target.add(column_v, {}, text("newer"), 11).add(column_w, {}, number(1), 19);
    const auto made = plan(&origin, &target, Side::origin);
    ASSERT_EQ(made.to_origin.writes.size(), 1U);
    EXPECT_EQ(made.to_origin.writes[0].timestamp, 11);
    ASSERT_EQ(made.to_target.writes.size(), 1U);
    EXPECT_EQ(made.to_target.writes[0].timestamp, 20);
    EXPECT_EQ(made.to_target.writes[0].expires_at, 5000);
    EXPECT_EQ(made.latest_stamp, 0);
}

TEST_F(ReconcilePlanTest, EqualStampsWithDifferentValuesAreRewrittenWithThePrimarysJustAbove) {
    TestRow origin = row(), target = row();
    origin.add(column_v, {}, text("z"), 10);
    target.add(column_v, {}, text("a"), 10);
    const auto made = plan(&origin, &target, Side::target);
    for (const Plan* one : {&made.to_origin, &made.to_target}) {
        ASSERT_EQ(one->writes.size(), 1U);
        EXPECT_EQ(one->writes[0].timestamp, 11);
        EXPECT_TRUE(std::any_of(
            one->writes[0].values.begin(), one->writes[0].values.end(),
            [](const cql::ValueView& value) { return !value.is_unset() && equal(value.bytes, text("a")); }));
    }
    EXPECT_EQ(made.latest_stamp, 11);
}

TEST_F(ReconcilePlanTest, WhatThePrimaryLacksIsDeletedAtExactlyTheStampSeen) {
    TestRow origin = row(), target = row();
    origin.add(column_v, {}, text("a"), 10);
    target.add(column_v, {}, text("a"), 10).add(column_w, {}, number(1), 12).add(column_s, text("x"), {}, 13);
    const auto made = plan(&origin, &target, Side::origin);
    EXPECT_TRUE(made.to_origin.writes.empty());
    ASSERT_EQ(made.to_target.writes.size(), 2U);
    EXPECT_EQ(made.to_target.writes[0].kind, Kind::delete_element);
    EXPECT_EQ(made.to_target.writes[0].timestamp, 13);
    EXPECT_EQ(made.to_target.writes[1].kind, Kind::delete_column);
    EXPECT_EQ(made.to_target.writes[1].timestamp, 12);
    TestRow only = row();
    only.add(column_v, {}, text("a"), 10).add(column_w, {}, number(1), 30);
    const auto whole = plan(nullptr, &only, Side::origin);
    ASSERT_EQ(whole.to_target.writes.size(), 1U);
    EXPECT_EQ(whole.to_target.writes[0].kind, Kind::delete_row);
    EXPECT_EQ(whole.to_target.writes[0].timestamp, 30);
}

// A table that is not copied in full: what only the other side has may be all that there is.
TEST_F(ReconcilePlanTest, WhatIsOlderThanTheWritesInQuestionStaysWhereThePrimaryLacksIt) {
    TestRow old = row(), mixed = row(), recent = row(), bare = row(), unknown = row();
    old.add(column_v, {}, text("a"), 10).add(column_w, {}, number(1), 99);
    for (const bool insists : {false, true}) {
        const auto kept = plan(nullptr, &old, Side::origin, insists, 100);
        EXPECT_TRUE(kept.is_empty());
        EXPECT_TRUE(kept.has_kept);
        EXPECT_EQ(kept.latest_stamp, 0);
    }
    mixed.add(column_v, {}, text("a"), 10).add(column_w, {}, number(1), 100);
    const auto part = plan(&mixed, nullptr, Side::target, false, 100);
    EXPECT_TRUE(part.has_kept);
    EXPECT_TRUE(part.to_target.writes.empty());
    ASSERT_EQ(part.to_origin.writes.size(), 1U);
    EXPECT_EQ(part.to_origin.writes[0].kind, Kind::delete_column);
    EXPECT_EQ(part.to_origin.writes[0].timestamp, 100);
    recent.add(column_v, {}, text("a"), 100).add(column_w, {}, number(1), 101);
    const auto gone = plan(nullptr, &recent, Side::origin, false, 100);
    EXPECT_FALSE(gone.has_kept);
    ASSERT_EQ(gone.to_target.writes.size(), 1U);
    EXPECT_EQ(gone.to_target.writes[0].kind, Kind::delete_row);
    // Nobody tells how old these are.
    unknown.add_unknown(column_s, text("x"), {});
    for (TestRow* const one : {&bare, &unknown}) {
        const auto kept = plan(nullptr, one, Side::origin, false, 100);
        EXPECT_TRUE(kept.is_empty());
        EXPECT_TRUE(kept.has_kept);
    }
}

TEST_F(ReconcilePlanTest, CellsThatThePrimarysRowLacksStayWhereTheyAreOlder) {
    TestRow origin = row(), target = row();
    target.add(column_v, {}, text("live"), 200);
    origin.add(column_v, {}, text("before"), 10)
        .add(column_w, {}, number(1), 11)
        .add(column_s, text("x"), {}, 12)
        .add(column_s, text("y"), {}, 150);
    const auto made = plan(&origin, &target, Side::target, false, 100);
    EXPECT_TRUE(made.has_kept);
    EXPECT_TRUE(made.to_target.writes.empty());
    ASSERT_EQ(made.to_origin.writes.size(), 2U);
    EXPECT_EQ(made.to_origin.writes[0].kind, Kind::delete_element);
    EXPECT_EQ(made.to_origin.writes[0].timestamp, 150);
    EXPECT_EQ(made.to_origin.writes[1].timestamp, 200);
}

TEST_F(ReconcilePlanTest, AListWithOlderElementsThatThePrimaryLacksStays) {
    TestRow origin = row(), target = row();
    target.add(column_l, text("1"), text("live"), 200);
    origin.add(column_l, text("1"), text("before"), 10);
    EXPECT_TRUE(plan(&origin, &target, Side::target, false, 100).has_kept);
    EXPECT_TRUE(plan(&origin, &target, Side::target, false, 100).is_empty());
    const auto all_new = plan(&origin, &target, Side::target, false, 10);
    EXPECT_FALSE(all_new.has_kept);
    EXPECT_FALSE(all_new.is_empty());
}

TEST_F(ReconcilePlanTest, ATruncatedSideTakesOlderCellsWithIt) {
    TestRow target = row();
    target.add(column_v, {}, text("a"), 10).add(column_w, {}, number(1), 30);
    ReconcilePlan old, mixed;
    EXPECT_FALSE(plan_truncation(planner, false, Side::origin, nullptr, &target.row(), 31, old));
    ASSERT_EQ(old.to_target.writes.size(), 1U);
    EXPECT_EQ(old.to_target.writes[0].kind, Kind::delete_row);
    EXPECT_EQ(old.to_target.writes[0].timestamp, 30);
    EXPECT_FALSE(plan_truncation(planner, false, Side::origin, nullptr, &target.row(), 20, mixed));
    ASSERT_EQ(mixed.to_target.writes.size(), 1U) << "w was written after the TRUNCATE";
    EXPECT_EQ(mixed.to_target.writes[0].kind, Kind::delete_column);
    EXPECT_EQ(mixed.to_target.writes[0].timestamp, 10);
    TestRow bare = row();
    ReconcilePlan nothing;
    EXPECT_TRUE(plan_truncation(planner, false, Side::origin, nullptr, &bare.row(), 20, nothing))
        << "it cannot be told how old it is";
    EXPECT_TRUE(nothing.is_empty());
    TestRow shared = row();
    shared.add(column_v, {}, text("a"), 10);
    ReconcilePlan part;
    EXPECT_FALSE(plan_truncation(planner, false, Side::target, &target.row(), &shared.row(), 31, part));
    ASSERT_EQ(part.to_origin.writes.size(), 1U);
    EXPECT_EQ(part.to_origin.writes[0].timestamp, 30);
}

// Whatever two sides hold, deletions and stamps that nobody tells among it: after two tries under the cells' own stamps
// and two that insist they hold the same, and of cells that both had with different stamps the newer.
TEST_F(ReconcilePlanTest, BothSidesBecomeEqual) {
    std::mt19937 chance(23);
    const auto pick = [&chance](int below) { return static_cast<int>(chance() % static_cast<unsigned>(below)); };
    for (int round = 0; round < 3000; ++round) {
        const bool of_statics = pick(4) == 0;
        const auto& columns = layout->cells(of_statics);
        std::vector<bool> tells_origin(columns.size()), tells_target(columns.size());
        for (std::size_t i = 0; i < columns.size(); ++i) {
            tells_origin[i] = columns[i].shape == Shape::single || round % 2 == 0;
            tells_target[i] = columns[i].shape == Shape::single || round % 3 != 0;
        }
        ServerRow origin(layout, of_statics), target(layout, of_statics);
        std::deque<Bytes> bytes;
        const auto keep = [&bytes](Bytes one) -> ByteView { return bytes.emplace_back(std::move(one)); };
        for (int i = pick(14); i > 0; --i) {
            const auto column = static_cast<std::uint32_t>(pick(static_cast<int>(columns.size())));
            const Shape shape = columns[column].shape;
            Write write;
            write.of_statics = of_statics;
            write.column = column;
            write.timestamp = 10 + pick(5);
            write.expires_at = pick(3) == 0 ? 9000 : 0;
            const Bytes key = text(std::string(1, static_cast<char>('a' + pick(3))));
            const Bytes value = text(std::string(1, static_cast<char>('p' + pick(3))));
            Bytes collection;
            cql::Writer out(collection);
            out.int_number(1);
            out.bytes(key);
            if (shape == Shape::map) out.bytes(value);
            switch (pick(6)) {
                case 0:
                    write.kind = of_statics ? Kind::delete_column : Kind::delete_row;
                    break;
                case 1:
                    write.kind = Kind::delete_column;
                    break;
                default:
                    write.kind = shape == Shape::list                                    ? Kind::append
                                 : pick(3) == 0 && !of_statics && shape == Shape::single ? Kind::insert_row
                                                                                         : Kind::update;
                    if (shape == Shape::list) {
                        write.values.push_back({cql::ValueView::State::bytes, keep(collection)});
                        break;
                    }
                    const auto all = slots(*layout, write.kind, of_statics);
                    write.values.assign(all.size(), {cql::ValueView::State::unset, {}});
                    const std::int32_t of_field = shape == Shape::udt ? pick(2) : -1;
                    for (std::size_t slot = 0; slot < all.size(); ++slot)
                        if (all[slot] == Slot{column, of_field})
                            write.values[slot] = {
                                cql::ValueView::State::bytes,
                                keep(shape == Shape::set || shape == Shape::map ? collection : value)};
            }
            if (pick(3) != 0) origin.apply(write);
            if (pick(3) != 0) target.apply(write);
        }
        const Side primary = pick(2) == 0 ? Side::origin : Side::target;
        RowDifference::Kind left = RowDifference::Kind::none;
        for (int tries = 0; tries <= 4; ++tries) {
            TestRow here = origin.read(tells_origin), there = target.read(tells_target);
            const Row* const a = of_statics          ? (here.row().atoms.empty() ? nullptr : &here.row())
                                 : origin.is_there() ? &here.row()
                                                     : nullptr;
            const Row* const b = of_statics          ? (there.row().atoms.empty() ? nullptr : &there.row())
                                 : target.is_there() ? &there.row()
                                                     : nullptr;
            const auto difference = compare_rows(*layout, of_statics, a, b);
            left = difference.kind;
            if (left == RowDifference::Kind::none || tries == 4) break;
            ReconcilePlan made;
            plan_reconciliation(planner, of_statics, primary, a, b, difference, fresh + tries, tries >= 2, made);
            origin.apply(made.to_origin.writes);
            target.apply(made.to_target.writes);
        }
        ASSERT_EQ(left, RowDifference::Kind::none) << "round " << round;
    }
}

}  // namespace
}  // namespace crossfade::cells
