#include "crossfade/result_set.hpp"

#include <algorithm>

#include "cql/literal.hpp"
#include "driver/api/next_page.hpp"
#include "driver/api/page.hpp"

namespace crossfade {
namespace {

std::string names_of(const driver::Page& page) {
    std::string names;
    for (const cql::ColumnSpec& column : page.rows.columns())
        names += (names.empty() ? "" : ", ") + std::string(column.name);
    return names;
}

// What void results, and a ResultSet that nobody gave, are like.
const driver::Page& page_of(const driver::Page* page) {
    static const driver::Page empty;
    return page == nullptr ? empty : *page;
}

}  // namespace

Row::Cell Row::cell_at(std::size_t index) const {
    const driver::Rows& rows = page_->rows;
    if (index >= rows.column_count())
        throw Error(ErrorCode::no_column, "there is no column " + std::to_string(index) + "; the row has " +
                                              std::to_string(rows.column_count()) + ": " + names_of(*page_));
    const nodes::CellPlace& place = page_->places[index_ * rows.column_count() + index];
    return {rows.columns()[index].type.get(), rows.bytes_at(place), place.size < 0};
}

std::size_t Row::index_of(std::string_view name) const {
    const auto index = page_->rows.column_index(name);
    if (index) return *index;
    throw Error(ErrorCode::no_column,
                "there is no column '" + std::string(name) + "'; the row has: " + names_of(*page_));
}

std::size_t Row::column_count() const noexcept {
    return page_->rows.column_count();
}

void Row::check_count(std::size_t count) const {
    if (count != column_count())
        throw Error(ErrorCode::no_column, "the row has " + std::to_string(column_count()) + " columns (" +
                                              names_of(*page_) + "), the tuple " + std::to_string(count));
}

void Row::rethrow_with_name(std::size_t index, const Error& error) const {
    throw Error(error.code(), "column '" + std::string(page_->rows.columns()[index].name) + "': " + error.what());
}

std::string Row::to_text(std::size_t index) const {
    const Cell cell = cell_at(index);
    if (cell.is_null) return "null";
    const cql::TypeCode code = cell.type->code;
    if (code == cql::TypeCode::varchar || code == cql::TypeCode::ascii)
        return std::string(base::text_of(cell.bytes));
    const std::string json = cql::to_json(*cell.type, cell.bytes);
    const bool is_quoted = json.size() >= 2 && json.front() == '"' && json.back() == '"';
    return is_quoted ? json.substr(1, json.size() - 2) : json;
}

ResultSet::ResultSet(driver::Page* page) noexcept : page_(page) {}
ResultSet::ResultSet(const ResultSet& other) noexcept : page_(other.page_) {
    if (page_ != nullptr) page_->retain();
}
ResultSet::~ResultSet() {
    if (page_ != nullptr) page_->release();
}

Row ResultSet::first_row() const {
    if (row_count() == 0) throw Error(ErrorCode::no_rows, "the result has no rows");
    return Row(page_, 0);
}
PageRows ResultSet::page() const noexcept {
    return {page_, row_count()};
}
std::size_t ResultSet::row_count() const noexcept {
    return page_of(page_).rows.row_count();
}

ResultSet::Iterator ResultSet::begin() const {
    return Iterator(*this);
}

bool ResultSet::has_more_pages() const noexcept {
    return page_of(page_).rows.has_more_pages();
}
Blob ResultSet::paging_state() const {
    const base::ByteView state = page_of(page_).rows.paging_state();
    return {state.begin(), state.end()};
}

std::size_t ResultSet::column_count() const noexcept {
    return page_of(page_).rows.column_count();
}
ColumnInfo ResultSet::column(std::size_t i) const {
    const cql::ColumnSpec& column = page_of(page_).rows.columns()[i];
    return {column.keyspace, column.table, column.name, DataType(*column.type)};
}

bool ResultSet::was_applied() const {
    return page_of(page_).rows.was_applied();
}

std::vector<std::string> ResultSet::warnings() const {
    const base::ByteView raw = page_of(page_).read_prefix().warnings;
    cql::Reader in(raw);
    return raw.empty() ? std::vector<std::string>() : cql::read_string_list(in);
}

std::vector<std::pair<std::string, Blob>> ResultSet::payload() const {
    std::vector<std::pair<std::string, Blob>> payload;
    const base::ByteView raw = page_of(page_).read_prefix().custom_payload;
    cql::Reader in(raw);
    for (std::uint16_t left = raw.empty() ? std::uint16_t{0} : in.short_number(); left > 0 && in.ok(); --left) {
        std::string key(in.string());
        const base::ByteView value = in.value().bytes;
        payload.emplace_back(std::move(key), Blob(value.begin(), value.end()));
    }
    return payload;
}

std::optional<Uuid> ResultSet::tracing_id() const {
    const base::ByteView raw = page_of(page_).read_prefix().tracing_id;
    Uuid id;
    if (raw.size() != id.bytes.size()) return std::nullopt;
    std::copy(raw.begin(), raw.end(), id.bytes.begin());
    return id;
}

std::string ResultSet::coordinator() const {
    return page_of(page_).coordinator;
}
bool ResultSet::is_schema_agreed() const noexcept {
    return page_of(page_).is_schema_agreed;
}

ResultSet::Iterator::Iterator(ResultSet from) : page_(std::move(from)), rows_(page_.page()) {
    if (page_.has_more_pages()) page_.page_->next->prefetch();
    if (rows_.size() == 0) turn_page();
}

// A page may be empty and yet not be the last.
void ResultSet::Iterator::turn_page() {
    while (index_ == rows_.size() && page_.has_more_pages()) {
        page_ = page_.page_->next->wait();
        rows_ = page_.page();
        index_ = 0;
        if (page_.has_more_pages()) page_.page_->next->prefetch();
    }
}

}  // namespace crossfade
