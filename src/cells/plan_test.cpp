#include "cells/plan.hpp"

#include <gtest/gtest.h>

#include <random>

#include "cells/test_rows.hpp"

namespace crossfade::cells {
namespace {

using Kind = Write::Kind;

class PlanTest : public testing::Test {
protected:
    std::shared_ptr<const Layout> layout = sample_layout();
    Planner planner{layout, PlanOptions()};

    // The bytes that a write gives to a slot; nothing when it does not.
    std::optional<Bytes> value_of(const Write& write, std::uint32_t column, std::int32_t udt_field = -1) {
        const auto all = slots(*layout, write.kind, write.of_statics);
        for (std::size_t i = 0; i < all.size(); ++i)
            if (all[i] == Slot{column, udt_field} && !write.values[i].is_unset())
                return Bytes(write.values[i].bytes.begin(), write.values[i].bytes.end());
        return std::nullopt;
    }
};

TEST_F(PlanTest, CellsOfOneStampAreOneInsert) {
    TestRow row(*layout);
    row.add(column_v, {}, text("x"), 100).add(column_w, {}, number(7), 100);
    Plan plan;
    planner.copy_row(row.row(), nullptr, plan);
    ASSERT_EQ(plan.writes.size(), 1U);
    EXPECT_EQ(plan.writes[0].kind, Kind::insert_row);
    EXPECT_EQ(plan.writes[0].timestamp, 100);
    EXPECT_EQ(plan.writes[0].expires_at, 0);
    EXPECT_EQ(value_of(plan.writes[0], column_v), text("x"));
    EXPECT_EQ(value_of(plan.writes[0], column_w), number(7));
}

TEST_F(PlanTest, ACellWithoutTtlBesideOneWithStaysWithout) {
    TestRow row(*layout);
    row.add(column_v, {}, text("stays"), 100).add(column_w, {}, number(7), 200, 5000);
    Plan plan;
    planner.copy_row(row.row(), nullptr, plan);
    ASSERT_EQ(plan.writes.size(), 2U);
    EXPECT_EQ(plan.writes[0].kind, Kind::insert_row);
    EXPECT_EQ(plan.writes[0].expires_at, 0);
    EXPECT_EQ(value_of(plan.writes[0], column_v), text("stays"));
    EXPECT_FALSE(value_of(plan.writes[0], column_w));
    EXPECT_EQ(plan.writes[1].kind, Kind::update);
    EXPECT_EQ(plan.writes[1].timestamp, 200);
    EXPECT_EQ(plan.writes[1].expires_at, 5000);
    EXPECT_EQ(value_of(plan.writes[1], column_w), number(7));
}

TEST_F(PlanTest, TheMarkerOutlivesTheLongestCellAndIsAsOldAsTheOldest) {
    TestRow row(*layout);
    row.add(column_v, {}, text("a"), 300, 4000).add(column_w, {}, number(1), 200, 9000);
    Plan plan;
    planner.copy_row(row.row(), nullptr, plan);
    // The oldest cell's stamp and the latest expiry are those of one cell here: one insert for both.
    ASSERT_EQ(plan.writes.size(), 2U);
    EXPECT_EQ(plan.writes[0].kind, Kind::insert_row);
    EXPECT_EQ(plan.writes[0].timestamp, 200);
    EXPECT_EQ(plan.writes[0].expires_at, 9000);
    EXPECT_EQ(value_of(plan.writes[0], column_w), number(1));
}

TEST_F(PlanTest, AMarkerThatFitsNoCellIsAnInsertOfItsOwn) {
    TestRow row(*layout);
    row.add(column_v, {}, text("a"), 100, 4000).add(column_w, {}, number(1), 200);
    Plan plan;
    planner.copy_row(row.row(), nullptr, plan);
    ASSERT_EQ(plan.writes.size(), 3U);
    EXPECT_EQ(plan.writes[0].kind, Kind::insert_row);
    EXPECT_EQ(plan.writes[0].timestamp, 100);
    EXPECT_EQ(plan.writes[0].expires_at, 0) << "w never expires, so the row does not";
    for (const auto& value : plan.writes[0].values) EXPECT_TRUE(value.is_unset());
}

TEST_F(PlanTest, WithoutMarkersOnlyRowsThatHaveOneForCertainGetOne) {
    PlanOptions options;
    options.writes_markers = false;
    const Planner plain(layout, options);
    TestRow row(*layout), empty(*layout);
    row.add(column_v, {}, text("a"), 100);
    Plan plan;
    plain.copy_row(row.row(), nullptr, plan);
    plain.copy_row(empty.row(), nullptr, plan);
    ASSERT_EQ(plan.writes.size(), 2U);
    EXPECT_EQ(plan.writes[0].kind, Kind::update);
    EXPECT_EQ(plan.writes[1].kind, Kind::insert_row);
    EXPECT_EQ(plan.writes[1].timestamp, 1);
    EXPECT_EQ(plan.key_only_rows, 1U);
}

TEST_F(PlanTest, ElementsWithoutReadableStampsGetTheDefaultOne) {
    TestRow row(*layout);
    row.add(column_v, {}, text("a"), 100);
    row.add_unknown(column_s, text("x"), {})
        .add_unknown(column_s, text("y"), {})
        .add_unknown(column_m, text("k"), text("v"));
    row.add_unknown(column_u, field(1), number(4));
    Plan plan;
    planner.copy_row(row.row(), nullptr, plan);
    ASSERT_EQ(plan.writes.size(), 2U);
    const Write& update = plan.writes[1];
    EXPECT_EQ(update.kind, Kind::update);
    EXPECT_EQ(update.timestamp, 1);
    EXPECT_EQ(update.expires_at, 0);
    EXPECT_EQ(value_of(update, column_s), Bytes({0, 0, 0, 2, 0, 0, 0, 1, 'x', 0, 0, 0, 1, 'y'}));
    EXPECT_EQ(value_of(update, column_m), Bytes({0, 0, 0, 1, 0, 0, 0, 1, 'k', 0, 0, 0, 1, 'v'}));
    EXPECT_EQ(value_of(update, column_u, 1), number(4));
    EXPECT_FALSE(value_of(update, column_u, 0));
    EXPECT_EQ(plan.default_stamped_cells, 4U);
}

TEST_F(PlanTest, UnreadableElementsExpireWithARowThatExpires) {
    TestRow expiring(*layout), staying(*layout);
    expiring.add(column_v, {}, text("a"), 100, 4000)
        .add(column_w, {}, number(1), 100, 6000)
        .add_unknown(column_s, text("x"), {});
    staying.add(column_v, {}, text("a"), 100, 4000)
        .add(column_w, {}, number(1), 100)
        .add_unknown(column_s, text("x"), {});
    Plan first, second;
    planner.copy_row(expiring.row(), nullptr, first);
    planner.copy_row(staying.row(), nullptr, second);
    const auto set_write = [&](const Plan& plan) {
        for (const Write& write : plan.writes)
            if (write.kind == Kind::update && value_of(write, column_s)) return write;
        return Write();
    };
    EXPECT_EQ(set_write(first).expires_at, 6000);
    EXPECT_EQ(set_write(second).timestamp, 1);
    EXPECT_EQ(set_write(second).expires_at, 0);
}

TEST_F(PlanTest, StaticsAreUpdatesOfThePartition) {
    TestRow statics(*layout, true);
    statics.add(static_sv, {}, text("s"), 50, 700).add(static_ss, text("e"), {}, 50, 700);
    Plan plan;
    planner.copy_statics(statics.row(), nullptr, plan);
    ASSERT_EQ(plan.writes.size(), 1U);
    EXPECT_TRUE(plan.writes[0].of_statics);
    EXPECT_EQ(plan.writes[0].clustering, nullptr);
    EXPECT_EQ(write_text(*layout, plan.writes[0], true),
              "UPDATE ks.t USING TTL ? AND TIMESTAMP ? SET ss = ss + ?, sv = ? WHERE k = ?");
}

TEST_F(PlanTest, ANewerCellOfTheTargetIsLeft) {
    TestRow origin(*layout), target(*layout);
    origin.add(column_v, {}, text("a"), 100).add(column_w, {}, number(1), 100);
    target.add(column_v, {}, text("b"), 200).add(column_w, {}, number(2), 50);
    const auto difference = compare_rows(*layout, false, &origin.row(), &target.row());
    Plan plan;
    planner.repair(false, &origin.row(), &target.row(), difference, {true, true, true}, plan);
    ASSERT_EQ(plan.writes.size(), 1U);
    EXPECT_FALSE(value_of(plan.writes[0], column_v));
    EXPECT_EQ(value_of(plan.writes[0], column_w), number(1));
    EXPECT_EQ(
        planner.why_left(false, &origin.row(), &target.row(), difference, &difference.cells[0], {true, true, true}),
        Left::newer_on_target);
}

TEST_F(PlanTest, ExtraRowsGoOnlyWhenAskedForAtTheirNewestStamp) {
    TestRow target(*layout), bare(*layout);
    target.add(column_v, {}, text("a"), 100).add(column_w, {}, number(1), 300);
    auto difference = compare_rows(*layout, false, nullptr, &target.row());
    Plan plan;
    planner.repair(false, nullptr, &target.row(), difference, {true, true, false}, plan);
    EXPECT_TRUE(plan.writes.empty());
    planner.repair(false, nullptr, &target.row(), difference, {false, false, true}, plan);
    ASSERT_EQ(plan.writes.size(), 1U);
    EXPECT_EQ(plan.writes[0].kind, Kind::delete_row);
    EXPECT_EQ(plan.writes[0].timestamp, 300);
    difference = compare_rows(*layout, false, nullptr, &bare.row());
    Plan nothing;
    planner.repair(false, nullptr, &bare.row(), difference, {true, true, true}, nothing);
    EXPECT_TRUE(nothing.writes.empty());
    EXPECT_EQ(planner.why_left(false, nullptr, &bare.row(), difference, nullptr, {true, true, true}), Left::no_stamp);
}

TEST_F(PlanTest, ExtraCellsGoAtExactlyTheirStamps) {
    TestRow origin(*layout), target(*layout);
    origin.add(column_v, {}, text("a"), 100);
    target.add(column_v, {}, text("a"), 100)
        .add(column_w, {}, number(1), 70)
        .add(column_m, text("k"), text("v"), 80)
        .add(column_u, field(0), number(1), 90);
    const auto difference = compare_rows(*layout, false, &origin.row(), &target.row());
    Plan plan;
    planner.repair(false, &origin.row(), &target.row(), difference, {true, true, true}, plan);
    std::vector<std::string> texts;
    std::vector<std::int64_t> stamps;
    for (const Write& write : plan.writes) {
        texts.push_back(write_text(*layout, write, true));
        stamps.push_back(write.timestamp);
    }
    EXPECT_EQ(texts, std::vector<std::string>({"DELETE m[?] FROM ks.t USING TIMESTAMP ? WHERE k = ? AND c = ?",
                                               "DELETE u.x FROM ks.t USING TIMESTAMP ? WHERE k = ? AND c = ?",
                                               "DELETE w FROM ks.t USING TIMESTAMP ? WHERE k = ? AND c = ?"}));
    EXPECT_EQ(stamps, std::vector<std::int64_t>({80, 90, 70}));
}

TEST_F(PlanTest, WhatAnEarlierCopyStampedIsRewrittenJustAboveIt) {
    TestRow origin(*layout), target(*layout);
    origin.add_unknown(column_m, text("k"), text("new")).add_unknown(column_m, text("l"), text("new"));
    target.add(column_m, text("k"), text("old"), 1).add(column_m, text("l"), text("live"), 1700000000000000);
    const auto difference = compare_rows(*layout, false, &origin.row(), &target.row());
    Plan plan;
    planner.repair(false, &origin.row(), &target.row(), difference, {true, true, true}, plan);
    ASSERT_EQ(plan.writes.size(), 1U);
    EXPECT_EQ(plan.writes[0].timestamp, 2);
    EXPECT_EQ(value_of(plan.writes[0], column_m), Bytes({0, 0, 0, 1, 0, 0, 0, 1, 'k', 0, 0, 0, 3, 'n', 'e', 'w'}));
}

TEST_F(PlanTest, CountersGetWhatTheyLack) {
    auto counters = std::make_shared<Layout>(*layout);
    counters->is_counter = true;
    const auto counter = cql::simple_type(cql::TypeCode::counter);
    for (auto& column : counters->regulars) {
        column.shape = Shape::single;
        column.type = counter;
    }
    const Planner adding(counters, PlanOptions());
    TestRow origin(*counters), target(*counters);
    origin.add_unknown(0, {}, count(10))
        .add_unknown(1, {}, count(-3))
        .add_unknown(2, {}, count(0))
        .add_unknown(3, {}, count(4));
    target.add_unknown(0, {}, count(12)).add_unknown(3, {}, count(4)).add_unknown(4, {}, count(9));
    Plan plan;
    adding.add_counters(false, origin.row(), &target.row(), plan);
    ASSERT_EQ(plan.writes.size(), 1U);
    const auto& values = plan.writes[0].values;
    EXPECT_TRUE(equal(values[0].bytes, count(-2)));
    EXPECT_TRUE(equal(values[1].bytes, count(-3)));
    EXPECT_TRUE(equal(values[2].bytes, count(0))) << "a counter of 0 that the target lacks is made";
    EXPECT_TRUE(values[3].is_unset());
    EXPECT_TRUE(values[4].is_unset()) << "what only the target has is left";
    Plan none;
    adding.add_counters(false, target.row(), &target.row(), none);
    EXPECT_TRUE(none.writes.empty());
}

// Any row, copied to any state of the target that has nothing newer, is read there as on the origin; copied again,
// still.
TEST_F(PlanTest, CopiedRowsAreReadAsOnTheOrigin) {
    std::mt19937 chance(7);
    const auto pick = [&chance](int below) { return static_cast<int>(chance() % static_cast<unsigned>(below)); };
    for (int round = 0; round < 2000; ++round) {
        const bool of_statics = pick(4) == 0;
        const std::size_t width = layout->cells(of_statics).size();
        const bool all_tell = pick(2) == 0;
        std::vector<bool> all(width, true), tells(width, true);
        for (std::size_t i = 0; i < width; ++i)
            tells[i] = all_tell || layout->cells(of_statics)[i].shape == Shape::single;
        TestRow made(*layout, of_statics);
        for (int i = pick(12); i > 0; --i) {
            const auto column = static_cast<std::uint32_t>(pick(static_cast<int>(width)));
            const Shape shape = layout->cells(of_statics)[column].shape;
            if (shape == Shape::single && !made.row().column(column).empty()) continue;
            Bytes key = shape == Shape::udt ? field(static_cast<std::size_t>(pick(2)))
                        : shape == Shape::list || shape == Shape::single
                            ? Bytes()
                            : text(std::string(1, static_cast<char>('a' + pick(5))));
            bool is_taken = false;
            for (const Atom& atom : made.row().column(column))
                is_taken = is_taken || (shape != Shape::list && equal(atom.key, key));
            if (is_taken) continue;
            const Bytes value = shape == Shape::set ? Bytes() : text(std::string(1, static_cast<char>('p' + pick(6))));
            if (tells[column])
                made.add(column, key, value, 100 + pick(4), pick(2) == 0 ? 0 : 5000 + pick(3));
            else
                made.add_unknown(column, key, value);
        }
        ServerRow server(layout, of_statics);
        for (int copies = 0; copies < 2; ++copies) {
            TestRow there = server.read(all);
            Plan plan;
            const Row* const target = server.is_there() ? &there.row() : nullptr;
            if (of_statics)
                planner.copy_statics(made.row(), target, plan);
            else
                planner.copy_row(made.row(), target, plan);
            EXPECT_EQ(plan.unsettled_lists, 0U);
            server.apply(plan.writes);
            TestRow copied = server.read(all);
            ASSERT_TRUE(of_statics || server.is_there()) << "round " << round;
            ASSERT_EQ(compare_rows(*layout, of_statics, &made.row(), &copied.row()).kind, RowDifference::Kind::none)
                << "round " << round << " copy " << copies;
        }
    }
}

}  // namespace
}  // namespace crossfade::cells
