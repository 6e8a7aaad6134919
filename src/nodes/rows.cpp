#include "nodes/rows.hpp"

#include <algorithm>

namespace crossfade::nodes {
namespace {

// Whether `rest` starts with the columns that `known` has, byte for byte: then they need not be parsed.
bool starts_with(base::ByteView rest, base::ByteView raw) {
    return !raw.empty() && rest.size() >= raw.size() && std::equal(raw.begin(), raw.end(), rest.begin());
}

std::shared_ptr<ResultColumns> copy_columns(const std::vector<cql::ColumnSpec>& columns) {
    auto made = std::make_shared<ResultColumns>();
    made->owned.reserve(columns.size());
    for (const cql::ColumnSpec& column : columns)
        made->owned.push_back(
            {std::string(column.keyspace), std::string(column.table), std::string(column.name), column.type});
    for (const cql::OwnedColumn& column : made->owned)
        made->specs.push_back({column.keyspace, column.table, column.name, column.type});
    return made;
}

}  // namespace

std::shared_ptr<const ResultColumns> own_columns(const cql::RowsMetadata& metadata) {
    auto made = copy_columns(metadata.columns);
    made->raw.assign(metadata.specs.begin(), metadata.specs.end());
    made->flags = metadata.flags & cql::rows_flag::global_tables_spec;
    return made;
}

std::shared_ptr<const ResultColumns> own_columns(const std::vector<cql::ColumnSpec>& columns) {
    return copy_columns(columns);
}

base::Result<Rows> Rows::read(cql::ProtocolVersion version, base::ByteView message,
                              const std::shared_ptr<const ResultColumns>& known) {
    Rows rows;
    const auto read = read_into(rows, version, message, known, nullptr);
    if (!read) return base::fail(read.error());
    return rows;
}

void Rows::clear() {
    message_.clear();
    known_.reset();
    columns_.clear();
    kind_ = cql::ResultKind::void_result;
    row_count_ = column_count_ = 0;
    paging_state_ = new_metadata_id_ = cells_ = {};
}

base::Result<void> Rows::read_into(Rows& rows, cql::ProtocolVersion version, base::ByteView message,
                                   const std::shared_ptr<const ResultColumns>& known, std::vector<CellPlace>* places) {
    rows.clear();
    if (places != nullptr) places->clear();
    rows.kind_ = cql::result_kind(message);
    if (rows.kind_ == cql::ResultKind::void_result) return {};
    rows.message_.assign(message.begin(), message.end());
    if (rows.kind_ != cql::ResultKind::rows) return {};

    // The head of rows metadata (§4.2.5.2), up to the columns.
    cql::Reader in(rows.message_);
    in.int_number();
    const auto flags = static_cast<std::uint32_t>(in.int_number());
    const std::int32_t column_count = in.int_number();
    if ((flags & cql::rows_flag::has_more_pages) != 0) rows.paging_state_ = in.bytes();
    const bool is_changed = cql::has_result_metadata_id(version) && (flags & cql::rows_flag::metadata_changed) != 0;
    if (is_changed) rows.new_metadata_id_ = in.short_bytes();

    const bool has_known = known != nullptr && std::cmp_equal(known->specs.size(), column_count);
    const bool has_none = (flags & cql::rows_flag::no_metadata) != 0;
    if (in.ok() && has_known &&
        (has_none ||
         (known->flags == (flags & cql::rows_flag::global_tables_spec) && starts_with(in.rest(), known->raw)))) {
        if (!has_none) in.raw(known->raw.size());
        rows.known_ = known;
        rows.column_count_ = known->specs.size();
        const std::int32_t row_count = in.int_number();
        if (row_count < 0) in.make_bad();
        rows.row_count_ = in.ok() ? static_cast<std::size_t>(row_count) : 0;
        rows.cells_ = in.rest();
    } else if (in.ok() && has_none) {
        return base::fail(base::ErrorKind::protocol, "rows of " + std::to_string(column_count) +
                                                         " columns came without their description, which is not known");
    } else if (in.ok()) {
        auto parsed = cql::parse_rows(version, rows.message_);
        if (!parsed) return base::fail(base::ErrorKind::protocol, std::move(parsed.error().message));
        rows.columns_ = std::move(parsed->metadata.columns);
        rows.column_count_ = rows.columns_.size();
        rows.row_count_ = static_cast<std::size_t>(std::max(parsed->row_count, 0));
        rows.cells_ = parsed->rows;
    }
    if (!in.ok())
        return base::fail(base::ErrorKind::protocol,
                          "the head of a rows result ends early, near byte " + std::to_string(in.broken_at()));
    auto checked = rows.read_cells(places);
    if (!checked) rows.clear();
    return checked;
}

base::Result<void> Rows::read_cells(std::vector<CellPlace>* places) const {
    cql::Reader in(cells_);
    for (std::size_t row = 0; row < row_count_ && in.ok(); ++row)
        for (std::size_t column = 0; column < column_count_; ++column) {
            const cql::ValueView cell = in.value();
            if (places == nullptr) continue;
            // A cell that is "not set" makes no sense in a result: null.
            const bool is_there = cell.state == cql::ValueView::State::bytes;
            places->push_back({static_cast<std::uint32_t>(is_there ? cell.bytes.data() - message_.data() : 0),
                               is_there ? static_cast<std::int32_t>(cell.bytes.size()) : -1});
            if (!in.ok()) break;
        }
    // Rows without columns take no bytes: their number would be unchecked, and nothing sends them.
    if (in.ok() && (column_count_ > 0 || row_count_ == 0)) return {};
    return base::fail(base::ErrorKind::protocol, "a rows result says " + std::to_string(row_count_) + " rows of " +
                                                     std::to_string(column_count_) + " columns and ends early");
}

const std::vector<cql::ColumnSpec>& Rows::columns() const {
    return known_ != nullptr ? known_->specs : columns_;
}

std::optional<std::size_t> Rows::column_index(std::string_view name) const {
    const auto& all = columns();
    const auto found =
        std::find_if(all.begin(), all.end(), [&](const cql::ColumnSpec& column) { return column.name == name; });
    if (found == all.end()) return std::nullopt;
    return static_cast<std::size_t>(found - all.begin());
}

RowCursor Rows::first() const {
    return RowCursor(*this);
}

bool Rows::was_applied() const {
    if (row_count_ == 0) return true;
    const auto index = column_index("[applied]");
    if (!index) return true;
    const RowCursor row = first();
    const cql::ValueView& cell = row.cell(*index);
    return cell.bytes.size() == 1 && cell.bytes[0] != 0;
}

RowCursor::RowCursor(const Rows& rows) : in_(rows.cells_), left_(rows.row_count_), cells_(rows.column_count_) {
    if (left_ > 0) read_row();
}

void RowCursor::next() {
    if (--left_ > 0) read_row();
}

void RowCursor::read_row() {
    for (cql::ValueView& cell : cells_) cell = in_.value();
}

}  // namespace crossfade::nodes
