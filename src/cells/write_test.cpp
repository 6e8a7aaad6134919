#include "cells/write.hpp"

#include <gtest/gtest.h>

#include "cells/page_stream.hpp"
#include "cells/test_rows.hpp"

namespace crossfade::cells {
namespace {

using Kind = Write::Kind;

class WriteTest : public testing::Test {
protected:
    std::shared_ptr<const Layout> layout = sample_layout();
    Bytes k = number(1), c = number(2), v = text("x");
    std::vector<ByteView> clustering{c};

    Write make(Kind kind, std::uint32_t column = 0, bool of_statics = false) {
        Write write;
        write.kind = kind;
        write.column = column;
        write.of_statics = of_statics;
        write.timestamp = 5;
        write.clustering = of_statics ? nullptr : &clustering;
        if (kind == Kind::insert_row || kind == Kind::update || kind == Kind::add)
            write.values.assign(slots(*layout, kind, of_statics).size(), {cql::ValueView::State::unset, {}});
        return write;
    }
    std::vector<cql::ValueView> bind(const Write& write, bool has_unset, std::int64_t now) {
        PartitionKey key;
        key.components = {k};
        return bound_values(*layout, key, write, has_unset, now, numbers);
    }
    std::deque<std::array<std::uint8_t, 8>> numbers;
};

TEST_F(WriteTest, Texts) {
    const auto told = [&](const Write& write) { return write_text(*layout, write, true); };
    EXPECT_EQ(told(make(Kind::insert_row)),
              "INSERT INTO ks.t (k, c, v, w) VALUES (?, ?, ?, ?) USING TTL ? AND TIMESTAMP ?");
    EXPECT_EQ(told(make(Kind::update)),
              "UPDATE ks.t USING TTL ? AND TIMESTAMP ? SET m = m + ?, s = s + ?, u.x = ?, u.y = ?, v = ?, w = ? WHERE "
              "k = ? AND c = ?");
    EXPECT_EQ(told(make(Kind::append, column_l)),
              "UPDATE ks.t USING TTL ? AND TIMESTAMP ? SET l = l + ? WHERE k = ? AND c = ?");
    EXPECT_EQ(told(make(Kind::prepend, column_l)),
              "UPDATE ks.t USING TTL ? AND TIMESTAMP ? SET l = ? + l WHERE k = ? AND c = ?");
    EXPECT_EQ(told(make(Kind::overwrite, column_l)),
              "UPDATE ks.t USING TTL ? AND TIMESTAMP ? SET l = ? WHERE k = ? AND c = ?");
    EXPECT_EQ(told(make(Kind::delete_row)), "DELETE FROM ks.t USING TIMESTAMP ? WHERE k = ? AND c = ?");
    EXPECT_EQ(told(make(Kind::delete_column, static_sv, true)), "DELETE sv FROM ks.t USING TIMESTAMP ? WHERE k = ?");
    EXPECT_EQ(told(make(Kind::delete_place, column_l)),
              "DELETE l[?] FROM ks.t USING TIMESTAMP ? WHERE k = ? AND c = ?");
}

TEST_F(WriteTest, WithoutUnsetOnlyWhatIsWrittenIsInTheText) {
    Write write = make(Kind::insert_row);
    write.values[1] = {cql::ValueView::State::bytes, v};
    EXPECT_EQ(write_text(*layout, write, false),
              "INSERT INTO ks.t (k, c, w) VALUES (?, ?, ?) USING TTL ? AND TIMESTAMP ?");
    EXPECT_EQ(bind(write, false, 0).size(), 5U);
    EXPECT_EQ(bind(write, true, 0).size(), 6U);
}

TEST_F(WriteTest, ValuesAreInTheOrderOfTheText) {
    Write write = make(Kind::update);
    write.values[4] = {cql::ValueView::State::bytes, v};
    write.expires_at = 1100;
    const auto bound = bind(write, true, 1000);
    ASSERT_EQ(bound.size(), 10U);
    EXPECT_TRUE(equal(bound[0].bytes, number(100)));
    EXPECT_TRUE(equal(bound[1].bytes, count(5)));
    EXPECT_TRUE(bound[2].is_unset());
    EXPECT_TRUE(equal(bound[6].bytes, v));
    EXPECT_TRUE(equal(bound[8].bytes, k));
    EXPECT_TRUE(equal(bound[9].bytes, c));
}

TEST_F(WriteTest, AnExpiredCellGetsTheShortestTtlAndOneThatNeverExpiresZero) {
    Write write = make(Kind::append, column_l);
    const Bytes list = number(0);
    write.values.push_back({cql::ValueView::State::bytes, list});
    write.expires_at = 900;
    EXPECT_TRUE(equal(bind(write, true, 1000)[0].bytes, number(1)));
    write.expires_at = 0;
    EXPECT_TRUE(equal(bind(write, true, 1000)[0].bytes, number(0)));
}

TEST_F(WriteTest, DeletingAFieldBindsNoElement) {
    Write write = make(Kind::delete_element, column_u);
    const Bytes y = field(1);
    write.element = y;
    EXPECT_EQ(write_text(*layout, write, true), "DELETE u.y FROM ks.t USING TIMESTAMP ? WHERE k = ? AND c = ?");
    EXPECT_EQ(bind(write, true, 0).size(), 3U);
    Write key = make(Kind::delete_element, column_m);
    key.element = v;
    EXPECT_EQ(write_text(*layout, key, true), "DELETE m[?] FROM ks.t USING TIMESTAMP ? WHERE k = ? AND c = ?");
    EXPECT_TRUE(equal(bind(key, true, 0)[0].bytes, v));
}

TEST(PageSizes, FollowTheRows) {
    PageSizes sizes;
    sizes.bytes = 10000;
    sizes.most_rows = 1000;
    EXPECT_EQ(next_page_rows(sizes, 100, 100, 5000), 200);
    EXPECT_EQ(next_page_rows(sizes, 100, 100, 100), 400) << "not more than four times as many at once";
    EXPECT_EQ(next_page_rows(sizes, 1000, 100, 100), 1000);
    EXPECT_EQ(next_page_rows(sizes, 100, 2, 400000), 1);
    EXPECT_EQ(next_page_rows(sizes, 100, 0, 0), 100);
}

}  // namespace
}  // namespace crossfade::cells
