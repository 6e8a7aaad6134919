// What definitions and permissions name.
#include <algorithm>
#include <array>
#include <utility>

#include "cql/statement_reader.hpp"

namespace crossfade::cql {

namespace {

template <std::size_t count>
bool is_any(const Lexeme& lexeme, const std::array<std::string_view, count>& words) {
    return std::any_of(words.begin(), words.end(), [&](std::string_view word) { return lexeme.is_word(word); });
}

// Things that belong to no keyspace.
constexpr std::array<std::string_view, 5> global_kinds = {"role", "user", "identity", "service", "service_level"};
constexpr std::array<std::string_view, 6> keyspace_kinds = {"table",    "columnfamily", "type",
                                                            "function", "aggregate",    "view"};
// What stands before a resource, or is one, that needs no keyspace.
constexpr std::array<std::string_view, 10> global_resources = {
    "all", "keyspace", "keyspaces", "role", "roles", "mbean", "mbeans", "workpool", "authentication", "any"};

}  // namespace

void StatementReader::skip_if_exists() {
    if (!take(Keyword::if_word)) return;
    take_word("not");
    take_word("exists");
}

// CREATE, ALTER, DROP or ADD, at its keyword.
void StatementReader::read_schema() {
    const bool is_drop = at(Keyword::drop);
    advance();
    if (take(Keyword::or_word)) take_word("replace");
    if (is_any(current_, global_kinds)) return;
    if (take_word("keyspace") || take_word("schema")) {
        skip_if_exists();
        if (current_.is_name()) out_.table.keyspace = name_text(current_.text);
        return;
    }
    take_word("materialized");
    if (is_any(current_, keyspace_kinds)) {
        advance();
        skip_if_exists();
        out_.table = read_table();
        return;
    }
    take_word("custom");
    const bool is_search = take_word("search");
    if (is_drop && !is_search && take_word("index")) {
        skip_if_exists();
        out_.table.keyspace = read_table().keyspace;
        return;
    }
    // An index or a trigger stands ON its table.
    skip_to(Keyword::on);
    if (take(Keyword::on)) {
        out_.table = read_table();
    } else {
        out_.needs_keyspace = true;
    }
}

// GRANT, REVOKE, LIST …, at its keyword.
void StatementReader::read_permissions() {
    skip_to(Keyword::on);
    if (!take(Keyword::on)) return;  // roles, users
    if (!take(Keyword::table) && !take_word("function")) {
        const Lexeme resource = current_;
        Tokenizer ahead = in_;
        const Lexeme behind = ahead.next();
        const bool is_name_itself =
            behind.is_symbol(".") || behind.is_word("to") || behind.is_word("from") || behind.is_word("of");
        if (is_any(resource, global_resources) && !is_name_itself) return;
    }
    read_table();
}

}  // namespace crossfade::cql
