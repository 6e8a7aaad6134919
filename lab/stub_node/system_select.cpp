// SELECT on the system tables.
#include <algorithm>

#include "cql/protocol.hpp"
#include "stub_node/system_tables.hpp"

namespace crossfade::lab {
namespace {

using cql::OwnedColumn;

auto invalid(std::string message) {
    return base::fail(base::ErrorKind::server, std::move(message), static_cast<int>(cql::ErrorCode::invalid));
}

const OwnedColumn* column_named(const SystemTable& table, const std::string& name) {
    const auto found = std::find_if(table.columns.begin(), table.columns.end(),
                                    [&name](const OwnedColumn& c) { return c.name == name; });
    return found == table.columns.end() ? nullptr : &*found;
}

std::size_t index_of(const SystemTable& table, const std::string& name) {
    return static_cast<std::size_t>(column_named(table, name) - table.columns.data());
}

bool is_now(const Selected& item) {
    return item.is_call && (item.name == "now" || item.name == "current_timeuuid");
}
bool is_count(const Selected& item) {
    return item.is_call && item.name == "count";
}

bool row_matches(const SystemTable& table, const std::vector<Cell>& row, const std::vector<Condition>& where,
                 const std::vector<Cell>& values) {
    return std::all_of(where.begin(), where.end(), [&](const Condition& condition) {
        const std::size_t column = index_of(table, condition.column);
        return std::any_of(condition.any_of.begin(), condition.any_of.end(), [&](const Operand& operand) {
            if (operand.is_marker) return operand.marker < values.size() && values[operand.marker] == row[column];
            const Cell literal = literal_cell(operand, table.columns[column].type->code);
            return literal && literal == row[column];
        });
    });
}

}  // namespace

base::Result<std::vector<OwnedColumn>> SystemTables::columns_of(const SelectStatement& select) const {
    const SystemTable* const table = find(select.table);
    if (table == nullptr) return invalid("table " + select.table.table + " does not exist");
    if (select.is_json) return invalid("the stub node does not answer SELECT JSON on system tables");
    if (select.list.empty()) return table->columns;
    std::vector<OwnedColumn> columns;
    for (const Selected& item : select.list) {
        OwnedColumn column{select.table.keyspace, select.table.table, item.label, nullptr};
        if (is_now(item))
            column.type = cql::simple_type(cql::TypeCode::timeuuid);
        else if (is_count(item))
            column.type = cql::simple_type(cql::TypeCode::bigint);
        else if (item.is_call)
            return invalid("Unknown function '" + item.name + "'");
        else if (const OwnedColumn* const known = column_named(*table, item.name))
            column.type = known->type;
        else
            return invalid("Undefined column name " + item.name + " in table " + cql::to_cql(select.table));
        columns.push_back(std::move(column));
    }
    return columns;
}

base::Result<std::vector<OwnedColumn>> SystemTables::variables_of(const SelectStatement& select) const {
    const SystemTable* const table = find(select.table);
    if (table == nullptr) return invalid("table " + select.table.table + " does not exist");
    std::vector<OwnedColumn> variables;
    for (const Condition& condition : select.where) {
        const OwnedColumn* const column = column_named(*table, condition.column);
        if (column == nullptr)
            return invalid("Undefined column name " + condition.column + " in table " + cql::to_cql(select.table));
        for (const Operand& operand : condition.any_of)
            if (operand.is_marker) variables.push_back(*column);
    }
    return variables;
}

base::Result<SystemAnswer> SystemTables::answer(const SelectStatement& select, const std::vector<Cell>& values,
                                                std::int64_t now_microseconds) const {
    auto columns = columns_of(select);
    if (!columns) return base::fail(columns.error());
    if (const auto variables = variables_of(select); !variables)
        return base::fail(variables.error());  // checks the conditions' columns
    const SystemTable& table = *find(select.table);

    SystemAnswer answer{std::move(*columns), {}};
    std::vector<const std::vector<Cell>*> matching;
    for (const auto& row : table.rows)
        if (row_matches(table, row, select.where, values)) matching.push_back(&row);
    const bool is_counted = std::any_of(select.list.begin(), select.list.end(), is_count);
    if (is_counted) {
        answer.rows.emplace_back(answer.columns.size(), bigint_cell(static_cast<std::int64_t>(matching.size())));
        return answer;
    }
    if (select.limit && matching.size() > static_cast<std::size_t>(std::max(*select.limit, 0)))
        matching.resize(static_cast<std::size_t>(std::max(*select.limit, 0)));
    std::uint16_t serial = 0;
    for (const auto* row : matching) {
        if (select.list.empty()) {
            answer.rows.push_back(*row);
            continue;
        }
        std::vector<Cell> cells;
        for (const Selected& item : select.list)
            cells.push_back(is_now(item) ? uuid_cell(time_uuid(now_microseconds, serial++))
                                         : (*row)[index_of(table, item.name)]);
        answer.rows.push_back(std::move(cells));
    }
    return answer;
}

}  // namespace crossfade::lab
