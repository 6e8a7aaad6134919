#include "crossfade/statement.hpp"

#include <cstring>

#include "cql/type.hpp"
#include "driver/prepared.hpp"

namespace crossfade {
namespace {

constexpr std::size_t most_values = 65535;  // native_protocol_v5.spec §4.1.4: their number is a [short]

ColumnInfo info_of(const cql::OwnedColumn& column) {
    return {column.keyspace, column.table, column.name, DataType(*column.type)};
}

}  // namespace

namespace detail {

void replace_value(BoundValues& values, std::size_t index, BoundValues::Place place) {
    BoundValues::Place& old = values.places[index];
    // A value that is set again takes its old place where it fits, so that a statement used over and over does not
    // grow.
    if (old.capacity >= place.capacity && old.capacity > 0) {
        std::memmove(values.bytes.data() + old.offset, values.bytes.data() + place.offset, place.capacity);
        values.bytes.resize(place.offset);
        place.offset = old.offset;
        place.capacity = old.capacity;
    }
    old = place;
}

}  // namespace detail

void Statement::make_place(std::size_t index) {
    if (index >= most_values)
        throw Error(ErrorCode::no_column,
                    "a statement has at most 65535 values; there is none at position " + std::to_string(index));
    if (!values_.names.empty())
        throw Error(ErrorCode::bad_value,
                    "values are by name or by position, and '" + values_.names.front() + "' was set by name: " + text_);
    if (values_.places.size() <= index) values_.places.resize(index + 1);
}
void Statement::check_names() const {
    if (values_.places.size() > values_.names.size())
        throw Error(ErrorCode::bad_value,
                    "values are by name or by position, and there are values by position: " + text_);
}

const std::string& PreparedStatement::text() const noexcept {
    return prepared_->text;
}
std::size_t PreparedStatement::variable_count() const noexcept {
    return prepared_->variables.size();
}
ColumnInfo PreparedStatement::variable(std::size_t i) const {
    return info_of(prepared_->variables[i]);
}
const std::vector<std::uint16_t>& PreparedStatement::partition_key() const noexcept {
    return prepared_->key_indices;
}
std::size_t PreparedStatement::column_count() const noexcept {
    return prepared_->columns.size();
}
ColumnInfo PreparedStatement::column(std::size_t i) const {
    return info_of(prepared_->columns[i]);
}

DataType BoundStatement::type_of(std::size_t index) const {
    const auto& variables = prepared_.internal()->variables;
    if (index < variables.size()) return DataType(*variables[index].type);
    throw Error(ErrorCode::no_column, "there is no bind marker " + std::to_string(index + 1) + "; the statement has " +
                                          std::to_string(variables.size()) + ": " + prepared_.text());
}

std::size_t BoundStatement::index_of(std::string_view name, std::size_t from) const {
    const auto& variables = prepared_.internal()->variables;
    for (std::size_t i = from; i < variables.size(); ++i)
        if (variables[i].name == name) return i;
    return npos;
}

void BoundStatement::rethrow_with_name(std::size_t index, const Error& error) const {
    throw Error(error.code(), "bind marker '" + prepared_.internal()->variables[index].name + "': " + error.what());
}
void BoundStatement::throw_no_variable(std::string_view name) const {
    std::string names;
    for (const auto& variable : prepared_.internal()->variables) names += (names.empty() ? "" : ", ") + variable.name;
    throw Error(ErrorCode::no_column,
                "there is no bind marker '" + std::string(name) + "'; the statement has: " + names);
}
void BoundStatement::throw_no_member(std::string_view name) {
    throw Error(ErrorCode::no_column, "the struct has no member for the bind marker '" + std::string(name) + "'");
}

Batch& Batch::add(const Statement& statement) {
    if (!statement.values().names.empty())
        throw Error(ErrorCode::bad_value, "values in a batch are by position, not by name: " + statement.text());
    children_.push_back(Child{statement.text(), nullptr, statement.values()});
    return *this;
}
Batch& Batch::add(const BoundStatement& statement) {
    children_.push_back(Child{{}, statement.prepared().internal(), statement.values()});
    return *this;
}

}  // namespace crossfade
