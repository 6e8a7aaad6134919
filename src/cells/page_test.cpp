#include "cells/page.hpp"

#include <gtest/gtest.h>

#include "cells/row_key.hpp"
#include "cells/select_text.hpp"
#include "cells/test_rows.hpp"
#include "cql/response.hpp"

namespace crossfade::cells {
namespace {

using Cells = std::vector<std::optional<Bytes>>;

Bytes list_of(const std::vector<std::optional<Bytes>>& elements, bool has_count = true) {
    Bytes bytes;
    cql::Writer out(bytes);
    if (has_count) out.int_number(static_cast<std::int32_t>(elements.size()));
    for (const auto& element : elements) {
        if (element)
            out.bytes(*element);
        else
            out.null_value();
    }
    return bytes;
}

driver::Rows answer_of(std::size_t width, const std::vector<Cells>& rows) {
    std::vector<cql::OwnedColumn> columns;
    for (std::size_t i = 0; i < width; ++i)
        columns.push_back({"ks", "t", "c" + std::to_string(i), cql::simple_type(cql::TypeCode::blob)});
    Bytes frame;
    cql::append_rows(frame, cql::ProtocolVersion::v4, 1, columns, rows);
    auto answer = driver::Rows::read(cql::ProtocolVersion::v4, ByteView(frame).subspan(9), nullptr);
    EXPECT_TRUE(answer) << answer.error().message;
    return std::move(*answer);
}

TEST(SelectText, ReadsEachColumnWithItsStamps) {
    const auto layout = sample_layout();
    Readability old = hoped_for(*layout);
    for (const std::uint32_t column : {column_l, column_m, column_s, column_u}) old.regulars[column] = false;
    old.statics[static_ss] = false;
    EXPECT_EQ(select_rows(*layout, old, Scope::range),
              "SELECT k, c, l, m, s, u, v, w, WRITETIME(v), TTL(v), WRITETIME(w), TTL(w) FROM ks.t WHERE token(k) > ? "
              "AND token(k) <= ?");
    EXPECT_EQ(
        select_rows(*layout, old, Scope::row),
        "SELECT k, c, l, m, s, u, v, w, WRITETIME(v), TTL(v), WRITETIME(w), TTL(w) FROM ks.t WHERE k = ? AND c = ?");
    EXPECT_EQ(select_statics(*layout, old, Scope::partition),
              "SELECT DISTINCT k, ss, sv, WRITETIME(sv), TTL(sv) FROM ks.t WHERE k = ?");
    EXPECT_FALSE(old.is_complete());
    EXPECT_TRUE(hoped_for(*layout).is_complete());
}

TEST(SelectText, QuotesNames) {
    Layout layout;
    layout.table = {"Ks", "select"};
    for (const char* name : {"A", "b c"}) {
        layout.partition_key.emplace_back();
        layout.partition_key.back().name = name;
    }
    EXPECT_EQ(select_rows(layout, hoped_for(layout), Scope::range),
              R"(SELECT "A", "b c" FROM "Ks"."select" WHERE token("A", "b c") > ? AND token("A", "b c") <= ?)");
}

class PageTest : public testing::Test {
protected:
    std::shared_ptr<const Layout> layout = sample_layout();
    Readability all = hoped_for(*layout);

    // k, c, l, m, s, u, v, w and a WRITETIME and TTL of each.
    static Cells row(std::int32_t k, std::optional<std::int32_t> c) {
        Cells cells(20);
        cells[0] = number(k);
        if (c) cells[1] = number(*c);
        return cells;
    }
    base::Result<std::shared_ptr<Page>> read(const std::vector<Cells>& rows) {
        return read_page(*layout, all, false, answer_of(20, rows), 1000);
    }
};

TEST_F(PageTest, SingleCells) {
    Cells cells = row(1, 2);
    cells[6] = text("x");
    cells[16] = count(77);
    cells[17] = number(30);
    cells[7] = number(5);
    cells[18] = count(78);
    auto page = read({cells});
    ASSERT_TRUE(page) << page.error().message;
    const Row& read_row = (*page)->rows.at(0);
    ASSERT_EQ(read_row.atoms.size(), 2U);
    EXPECT_EQ(read_row.column(column_v)[0].stamp, (Stamp{true, 77, 1030}));
    EXPECT_EQ(read_row.column(column_w)[0].stamp, (Stamp{true, 78, 0}));
    EXPECT_TRUE(equal(read_row.clustering[0], number(2)));
}

TEST_F(PageTest, ElementsWithTheirStamps) {
    Cells cells = row(1, 2);
    cells[2] = list_of({text("a"), text("b")});
    cells[8] = list_of({count(10), count(11)});
    cells[9] = list_of({std::nullopt, number(5)});
    cells[3] = list_of({text("k"), text("v")}, false);
    cells[3]->insert(cells[3]->begin(), {0, 0, 0, 1});
    cells[10] = list_of({count(12)});
    cells[11] = list_of({std::nullopt});
    cells[5] = list_of({std::nullopt, number(9)}, false);
    cells[14] = list_of({std::nullopt, count(13)});
    cells[15] = list_of({std::nullopt, std::nullopt});
    auto page = read({cells});
    ASSERT_TRUE(page) << page.error().message;
    const Row& read_row = (*page)->rows.at(0);
    ASSERT_EQ(read_row.column(column_l).size(), 2U);
    EXPECT_EQ(read_row.column(column_l)[1].stamp, (Stamp{true, 11, 1005}));
    EXPECT_TRUE(equal(read_row.column(column_m)[0].key, text("k")));
    EXPECT_TRUE(equal(read_row.column(column_m)[0].value, text("v")));
    EXPECT_EQ(read_row.column(column_s).size(), 0U);
    ASSERT_EQ(read_row.column(column_u).size(), 1U) << "null fields are no cells";
    EXPECT_EQ(field_of(read_row.column(column_u)[0].key), 1U);
    EXPECT_EQ(read_row.column(column_u)[0].stamp, (Stamp{true, 13, 0}));
}

TEST_F(PageTest, RowsOfOnePartitionStandTogether) {
    auto page = read({row(1, 1), row(1, 2), row(2, 1)});
    ASSERT_TRUE(page);
    ASSERT_EQ((*page)->partitions.size(), 2U);
    EXPECT_EQ((*page)->partitions[0].count, 2U);
    EXPECT_EQ((*page)->partitions[1].first, 2U);
    EXPECT_EQ((*page)->partitions[1].key.token, cql::token_of(number(2)));
}

TEST_F(PageTest, APartitionOfStaticsAloneHasNoRow) {
    auto page = read({row(1, std::nullopt), row(2, 1)});
    ASSERT_TRUE(page);
    EXPECT_EQ((*page)->rows.size(), 1U);
    EXPECT_EQ((*page)->partitions.size(), 1U);
}

TEST_F(PageTest, StaticsOnceForEachPartitionAndNoneForNone) {
    Cells some(7), none(7);  // k, ss, sv, WRITETIME(ss), TTL(ss), WRITETIME(sv), TTL(sv)
    some[0] = number(1);
    some[2] = text("s");
    some[5] = count(9);
    none[0] = number(2);
    auto page = read_page(*layout, all, true, answer_of(7, {some, none}), 1000);
    ASSERT_TRUE(page) << page.error().message;
    ASSERT_EQ((*page)->rows.size(), 1U);
    EXPECT_TRUE((*page)->rows[0].clustering.empty());
    EXPECT_EQ((*page)->rows[0].column(static_sv)[0].stamp.writetime, 9);
}

TEST_F(PageTest, WhatMakesNoSenseIsAnError) {
    Cells cells = row(1, 1);
    cells[2] = list_of({text("a"), text("b")});
    cells[8] = list_of({count(10)});
    EXPECT_EQ(read({cells}).error().message, "ks.t: the value of column l does not agree with its stamps");
    Cells cut = row(1, 1);
    cut[4] = Bytes{0, 0, 0, 9, 0};
    EXPECT_FALSE(read({cut}));
    Cells without = row(1, 1);
    without[0].reset();
    EXPECT_FALSE(read({without}));
    EXPECT_FALSE(read_page(*layout, all, false, answer_of(3, {Cells(3)}), 1000));
}

TEST(RowKey, IsShownAsCqlAndAsJson) {
    const auto layout = sample_layout();
    PartitionKey partition;
    const Bytes k = number(-1), c = number(5);
    partition.components = {k};
    const RowKey key(false, partition, {c});
    EXPECT_EQ(to_cql(*layout, key), "k = -1 AND c = 5");
    EXPECT_EQ(to_json(*layout, key), R"({"k":-1,"c":5})");
}

}  // namespace
}  // namespace crossfade::cells
