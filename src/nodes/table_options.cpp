#include "nodes/table_options.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

namespace crossfade::nodes {
namespace {

std::string shortest(double number) {
    std::array<char, 32> text{};
    const auto end = std::to_chars(text.data(), text.data() + text.size(), number);
    return {text.data(), end.ptr};
}

// "99p", as Cassandra 4.0 and later write it, is "99PERCENTILE" for all of them.
std::string retry_policy(std::string_view text) {
    const bool is_percentile =
        text.size() > 1 && text.back() == 'p' && text.find_first_not_of("0123456789.") == text.size() - 1;
    return is_percentile ? std::string(text.substr(0, text.size() - 1)) + "PERCENTILE" : std::string(text);
}

std::string option_text(const NamedCells& row, std::string_view name, const cql::Type& type) {
    switch (type.code) {
        case cql::TypeCode::boolean:
            return row.boolean(name) ? "true" : "false";
        case cql::TypeCode::int_number:
            return std::to_string(row.int_number(name, 0));
        case cql::TypeCode::double_number:
            return shortest(row.double_number(name));
        case cql::TypeCode::map:
            return literal(row.text_map(name));
        case cql::TypeCode::varchar:
            return literal(name == "speculative_retry" || name == "additional_write_policy"
                               ? retry_policy(row.text(name))
                               : std::string(row.text(name)));
        default:
            return {};  // of no type that an option has
    }
}

}  // namespace

std::string literal(std::string_view text) {
    std::string out = "'";
    for (const char c : text) {
        if (c == '\'') out += '\'';
        out += c;
    }
    return out + '\'';
}

std::string literal(const std::map<std::string, std::string>& map) {
    std::string out = "{";
    for (const auto& [key, value] : map) out += (out.size() == 1 ? "" : ", ") + literal(key) + ": " + literal(value);
    return out + '}';
}

bool is_table_option(std::string_view column) {
    // The read repair chances have no effect since 4.0, which still has their columns; extensions cannot be written in
    // CQL; the rest are no options.
    static constexpr std::array<std::string_view, 13> others = {
        "keyspace_name", "table_name",      "view_name",           "id",
        "flags",         "extensions",      "read_repair_chance",  "dclocal_read_repair_chance",
        "base_table_id", "base_table_name", "include_all_columns", "where_clause",
        "version"};
    return std::find(others.begin(), others.end(), column) == others.end();
}

std::map<std::string, std::string> read_table_options(const Rows& rows, const RowCursor& row) {
    const NamedCells cells(rows, row);
    std::map<std::string, std::string> options;
    for (const cql::ColumnSpec& column : rows.columns()) {
        if (!is_table_option(column.name) || !cells.has(column.name)) continue;
        std::string text = option_text(cells, column.name, *column.type);
        if (!text.empty()) options.emplace(column.name, std::move(text));
    }
    return options;
}

bool is_default_option(std::string_view name, std::string_view value) {
    static constexpr std::array<std::pair<std::string_view, std::string_view>, 8> defaults = {{
        {"additional_write_policy", "'99PERCENTILE'"},
        {"allow_auto_snapshot", "true"},
        {"cdc", "false"},
        {"incremental_backups", "true"},
        {"memtable", "'default'"},
        {"memtable", "''"},
        {"read_repair", "'BLOCKING'"},
        {"speculative_retry", "'99PERCENTILE'"},
    }};
    return std::find(defaults.begin(), defaults.end(), std::pair(name, value)) != defaults.end();
}

}  // namespace crossfade::nodes
