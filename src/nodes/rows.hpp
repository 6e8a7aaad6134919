// The answer to one request that was not an error: a page of rows, or a result without rows. Owns the response's bytes.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "cql/response.hpp"

namespace crossfade::nodes {

// Columns of a result that are known from PREPARED, so that a response need not repeat them. Immutable once shared.
struct ResultColumns {
    ResultColumns() = default;
    ResultColumns(const ResultColumns&) = delete;
    ResultColumns& operator=(const ResultColumns&) = delete;

    std::vector<cql::OwnedColumn> owned;
    std::vector<cql::ColumnSpec> specs;  // views of `owned`
    base::Bytes raw;                     // the specs as the server sent them, from the global table name on
    std::uint32_t flags = 0;             // the rows_flag::global_tables_spec of `raw`
};
std::shared_ptr<const ResultColumns> own_columns(const cql::RowsMetadata& metadata);
std::shared_ptr<const ResultColumns> own_columns(const std::vector<cql::ColumnSpec>& columns);  // without `raw`

// Where a cell's bytes are in the message.
struct CellPlace {
    std::uint32_t offset = 0;
    std::int32_t size = -1;  // negative: null
    std::size_t length() const { return static_cast<std::size_t>(size); }
};

class RowCursor;

// Movable, not copyable; views stay valid when it is moved and until it is destroyed.
class Rows {
public:
    Rows() = default;  // the result of a write: no rows, no columns

    // Copies `message`, a RESULT's body behind the frame's prefix, and checks all of it: iterating cannot fail. `known`
    // are the columns to use when the response has none of its own; may be null. Errors: protocol.
    static base::Result<Rows> read(cql::ProtocolVersion version, base::ByteView message,
                                   const std::shared_ptr<const ResultColumns>& known);
    // The same into `rows`, whose memory is used again, and, where `places` is given, with the place of every cell, row
    // by row. After an error `rows` has no rows.
    static base::Result<void> read_into(Rows& rows, cql::ProtocolVersion version, base::ByteView message,
                                        const std::shared_ptr<const ResultColumns>& known,
                                        std::vector<CellPlace>* places);
    // Of a place that read_into() gave.
    base::ByteView bytes_at(const CellPlace& place) const {
        return place.size < 0 ? base::ByteView() : base::ByteView(message_).subspan(place.offset, place.length());
    }

    cql::ResultKind kind() const { return kind_; }
    std::size_t row_count() const { return row_count_; }
    std::size_t column_count() const { return column_count_; }
    // Empty for results without rows.
    const std::vector<cql::ColumnSpec>& columns() const;
    std::optional<std::size_t> column_index(std::string_view name) const;

    base::ByteView paging_state() const { return paging_state_; }  // empty on the last page
    bool has_more_pages() const { return !paging_state_.empty(); }
    base::ByteView new_metadata_id() const { return new_metadata_id_; }  // v5: the columns differ from those prepared

    RowCursor first() const;

    // Of a conditional write: whether it was applied; true for results that do not say.
    bool was_applied() const;
    // The message as it came (kind and all); empty for Rows().
    base::ByteView message() const { return message_; }

private:
    friend class RowCursor;
    base::Result<void> read_cells(std::vector<CellPlace>* places) const;
    void clear();

    base::Bytes message_;
    std::shared_ptr<const ResultColumns> known_;
    std::vector<cql::ColumnSpec> columns_;  // when the response had its own; views of message_
    cql::ResultKind kind_ = cql::ResultKind::void_result;
    std::size_t row_count_ = 0, column_count_ = 0;
    base::ByteView paging_state_, new_metadata_id_, cells_;
};

// for (RowCursor row = rows.first(); row; row.next()) row.cell(i)
// The Rows must stay where views can see them; moving them is fine.
class RowCursor {
public:
    explicit RowCursor(const Rows& rows);
    explicit operator bool() const { return left_ > 0; }
    void next();
    // Precondition: a row is there, and i < column_count().
    const cql::ValueView& cell(std::size_t i) const { return cells_[i]; }
    const std::vector<cql::ValueView>& cells() const { return cells_; }

private:
    void read_row();

    cql::Reader in_;
    std::size_t left_;
    std::vector<cql::ValueView> cells_;
};

}  // namespace crossfade::nodes
