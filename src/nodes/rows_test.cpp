#include "nodes/rows.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>

#include "nodes/made_rows.hpp"

namespace crossfade::nodes {
namespace {

using base::Bytes;
using cql::ProtocolVersion;
using cql::TypeCode;

const std::vector<cql::OwnedColumn> two_columns{column("k", TypeCode::int_number), column("v", TypeCode::varchar)};
const std::vector<std::vector<Cell>> three_rows{
    {int_cell(1), text_cell("one")}, {int_cell(2), std::nullopt}, {int_cell(3), text_cell("")}};

std::vector<std::string> cells_of(const Rows& rows) {
    std::vector<std::string> list;
    for (RowCursor row = rows.first(); row; row.next())
        for (const cql::ValueView& cell : row.cells())
            list.push_back(cell.is_null() ? "null" : std::string(base::text_of(cell.bytes)));
    return list;
}

// A rows message without its columns, as it comes with skip_metadata (§4.2.5.2).
Bytes without_metadata(const Bytes& message, std::size_t specs_size) {
    Bytes bytes(message.begin(), message.begin() + 12);
    cql::store_int(bytes.data() + 4, cql::rows_flag::no_metadata);
    bytes.insert(bytes.end(), message.begin() + 12 + static_cast<std::ptrdiff_t>(specs_size), message.end());
    return bytes;
}

TEST(Rows, AResultWithoutRowsHasNone) {
    const Rows rows;
    EXPECT_EQ(rows.row_count(), 0U);
    EXPECT_EQ(rows.column_count(), 0U);
    EXPECT_FALSE(rows.first());
    EXPECT_TRUE(rows.was_applied());
}

TEST(Rows, CellsComeInOrderAndNullIsNotEmpty) {
    const Rows rows = made_rows(two_columns, three_rows);
    EXPECT_EQ(rows.row_count(), 3U);
    EXPECT_EQ(rows.columns()[1].name, "v");
    EXPECT_EQ(rows.column_index("v"), 1U);
    EXPECT_FALSE(rows.column_index("w"));
    EXPECT_FALSE(rows.has_more_pages());
    const auto cells = cells_of(rows);
    ASSERT_EQ(cells.size(), 6U);
    EXPECT_EQ(cells[1], "one");
    EXPECT_EQ(cells[3], "null");
    EXPECT_EQ(cells[5], "");
}

TEST(Rows, ViewsStayWhenRowsAreMoved) {
    Rows rows = made_rows(two_columns, three_rows);
    const RowCursor row = rows.first();
    const Rows moved = std::move(rows);
    EXPECT_EQ(base::text_of(row.cell(1).bytes), "one");
    EXPECT_EQ(moved.columns()[0].name, "k");
}

TEST(Rows, ColumnsKnownFromPreparedAreNotParsedAgain) {
    const Bytes message = rows_message(two_columns, three_rows);
    const auto parsed = cql::parse_rows(ProtocolVersion::v4, message);
    ASSERT_TRUE(parsed);
    const auto known = own_columns(parsed->metadata);
    const auto rows = Rows::read(ProtocolVersion::v4, message, known);
    ASSERT_TRUE(rows);
    EXPECT_EQ(&rows->columns(), &known->specs);
    EXPECT_EQ(cells_of(*rows), cells_of(made_rows(two_columns, three_rows)));
}

TEST(Rows, ColumnsThatChangedSincePreparedAreTheAnswersOwn) {
    const auto parsed_message = rows_message(two_columns, {});
    const auto known = own_columns(cql::parse_rows(ProtocolVersion::v4, parsed_message)->metadata);
    const std::vector<cql::OwnedColumn> renamed{column("k", TypeCode::int_number), column("w", TypeCode::varchar)};
    const auto rows = Rows::read(ProtocolVersion::v4, rows_message(renamed, three_rows), known);
    ASSERT_TRUE(rows);
    EXPECT_EQ(rows->columns()[1].name, "w");
    EXPECT_EQ(rows->row_count(), 3U);
}

TEST(Rows, WithoutMetadataTheKnownColumnsCount) {
    const Bytes full = rows_message(two_columns, three_rows);
    const auto known = own_columns(cql::parse_rows(ProtocolVersion::v4, full)->metadata);
    const Bytes message = without_metadata(full, known->raw.size());
    const auto rows = Rows::read(ProtocolVersion::v4, message, known);
    ASSERT_TRUE(rows) << rows.error().message;
    EXPECT_EQ(cells_of(*rows), cells_of(made_rows(two_columns, three_rows)));

    const auto unknown = Rows::read(ProtocolVersion::v4, message, nullptr);
    ASSERT_FALSE(unknown);
    EXPECT_EQ(unknown.error().kind, base::ErrorKind::protocol);
    // Of another number of columns: decoding by them would give nonsense.
    const auto one = own_columns(cql::parse_rows(ProtocolVersion::v4, rows_message({two_columns[0]}, {}))->metadata);
    EXPECT_FALSE(Rows::read(ProtocolVersion::v4, message, one));
}

TEST(Rows, ACutMessageIsAnErrorWhereverItIsCut) {
    const Bytes message = rows_message(two_columns, three_rows);
    const auto known = own_columns(cql::parse_rows(ProtocolVersion::v4, message)->metadata);
    for (std::size_t size = 4; size < message.size(); ++size) {
        // Exactly so many bytes on the heap, so that a sanitizer sees any read past them.
        const Bytes cut(message.begin(), message.begin() + static_cast<std::ptrdiff_t>(size));
        EXPECT_FALSE(Rows::read(ProtocolVersion::v4, cut, nullptr)) << size;
        EXPECT_FALSE(Rows::read(ProtocolVersion::v4, cut, known)) << size;
    }
    EXPECT_TRUE(Rows::read(ProtocolVersion::v4, message, nullptr));
}

TEST(Rows, ARowCountThatTheBytesDoNotHaveIsAnErrorAndAllocatesNothing) {
    Bytes message = rows_message(two_columns, {});
    cql::store_int(message.data() + message.size() - 4, 0x7FFFFFFF);
    EXPECT_FALSE(Rows::read(ProtocolVersion::v4, message, nullptr));
}

TEST(Rows, AConditionalWriteTellsWhetherItWasApplied) {
    const std::vector<cql::OwnedColumn> columns{column("[applied]", TypeCode::boolean)};
    EXPECT_TRUE(made_rows(columns, {{Bytes{1}}}).was_applied());
    EXPECT_FALSE(made_rows(columns, {{Bytes{0}}}).was_applied());
    EXPECT_TRUE(made_rows(two_columns, three_rows).was_applied());
}

TEST(Rows, OtherResultsKeepTheirMessage) {
    Bytes frame;
    cql::append_set_keyspace(frame, 4, 0, "ks");
    const auto rows = Rows::read(ProtocolVersion::v4, base::ByteView(frame).subspan(cql::frame_header_size), nullptr);
    ASSERT_TRUE(rows);
    EXPECT_EQ(rows->kind(), cql::ResultKind::set_keyspace);
    EXPECT_EQ(*cql::parse_set_keyspace(rows->message()), "ks");
    EXPECT_FALSE(rows->first());
}

}  // namespace
}  // namespace crossfade::nodes
