// Names as CQL has them: which need quotes, which are the server's own (declared in statement.hpp).
#include <algorithm>
#include <array>

#include "cql/statement.hpp"

namespace crossfade::cql {

namespace {

// Words that are no names without quotes in some server from 3.11 to 5.0 (reserved_keywords.txt). A name in quotes that
// it does not need is the same name.
constexpr std::array<std::string_view, 63> reserved = {
    "add",      "allow",       "alter",        "and",      "any",     "apply",        "asc",   "authorize", "batch",
    "begin",    "by",          "columnfamily", "create",   "default", "delete",       "desc",  "describe",  "drop",
    "entries",  "execute",     "from",         "full",     "grant",   "if",           "in",    "index",     "infinity",
    "insert",   "into",        "is",           "keyspace", "limit",   "materialized", "mbean", "mbeans",    "modify",
    "nan",      "norecursive", "not",          "null",     "of",      "on",           "or",    "order",     "primary",
    "rename",   "replace",     "revoke",       "schema",   "select",  "set",          "table", "to",        "token",
    "truncate", "unlogged",    "unset",        "update",   "use",     "using",        "view",  "where",     "with",
};

bool is_lower(char c) {
    return c >= 'a' && c <= 'z';
}
bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

// "p1d", "pt5m": the server's lexer takes these for durations.
bool looks_like_duration(std::string_view name) {
    return name.size() > 1 && name[0] == 'p' && name.find_first_of("0123456789") != std::string_view::npos &&
           name.find_first_not_of("0123456789ymwdhst", 1) == std::string_view::npos;
}

bool needs_quotes(std::string_view name) {
    if (name.empty() || !is_lower(name[0])) return true;
    for (const char c : name)
        if (!is_lower(c) && !is_digit(c) && c != '_') return true;
    if (looks_like_duration(name)) return true;
    return std::find(reserved.begin(), reserved.end(), name) != reserved.end();
}

// Reads one name at `at`: in quotes, or plain (anything up to a dot). False when there is none.
bool read_name(std::string_view text, std::size_t& at, std::string& out) {
    if (at < text.size() && text[at] == '"') {
        for (++at; at < text.size(); ++at) {
            if (text[at] != '"') {
                out += text[at];
            } else if (at + 1 < text.size() && text[at + 1] == '"') {
                out += text[at++];
            } else {
                ++at;
                return !out.empty();
            }
        }
        return false;
    }
    for (; at < text.size() && text[at] != '.'; ++at) {
        const char c = text[at];
        if (c >= 'A' && c <= 'Z')
            out += static_cast<char>(c - 'A' + 'a');
        else if (is_lower(c) || is_digit(c) || c == '_')
            out += c;
        else
            return false;
    }
    return !out.empty();
}

}  // namespace

bool is_system_keyspace(std::string_view keyspace) {
    static constexpr std::array<std::string_view, 7> names = {
        "system",       "system_schema",        "system_auth", "system_traces", "system_distributed",
        "system_views", "system_virtual_schema"};
    static constexpr std::array<std::string_view, 8> dse_names = {"dse_system",   "dse_system_local",  "dse_security",
                                                                  "dse_leases",   "dse_perf",          "dse_analytics",
                                                                  "dse_insights", "dse_insights_local"};
    return std::find(names.begin(), names.end(), keyspace) != names.end() ||
           std::find(dse_names.begin(), dse_names.end(), keyspace) != dse_names.end();
}

std::string quoted(std::string_view name) {
    if (!needs_quotes(name)) return std::string(name);
    std::string out = "\"";
    for (const char c : name) {
        if (c == '"') out += '"';
        out += c;
    }
    return out + '"';
}

std::string to_cql(const TableName& table) {
    return table.keyspace.empty() ? quoted(table.table) : quoted(table.keyspace) + '.' + quoted(table.table);
}

base::Result<TableName> parse_table_name(std::string_view text) {
    const auto wrong = [&] {
        return base::fail(
            base::ErrorKind::bad_input,
            "'" + std::string(text) + "' is no table; write KEYSPACE.TABLE or KEYSPACE.*, with double quotes for case");
    };
    TableName table;
    std::size_t at = 0;
    if (!read_name(text, at, table.keyspace) || at >= text.size() || text[at] != '.') return wrong();
    ++at;
    if (text.substr(at) == "*") {
        table.table = "*";
        return table;
    }
    if (!read_name(text, at, table.table) || at != text.size()) return wrong();
    return table;
}

}  // namespace crossfade::cql
