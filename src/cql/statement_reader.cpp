#include "cql/statement_reader.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "cql/function_names.hpp"

namespace crossfade::cql {

namespace {

struct KeywordText {
    std::string_view text;
    Keyword keyword;
};

// In alphabetical order.
constexpr std::array<KeywordText, 43> keyword_texts = {{
    {"add", Keyword::add},
    {"allow", Keyword::allow},
    {"alter", Keyword::alter},
    {"and", Keyword::and_word},
    {"apply", Keyword::apply},
    {"as", Keyword::as},
    {"batch", Keyword::batch},
    {"begin", Keyword::begin},
    {"call", Keyword::call},
    {"columnfamily", Keyword::columnfamily},
    {"counter", Keyword::counter},
    {"create", Keyword::create},
    {"delete", Keyword::delete_word},
    {"desc", Keyword::desc},
    {"describe", Keyword::describe},
    {"drop", Keyword::drop},
    {"from", Keyword::from},
    {"grant", Keyword::grant},
    {"group", Keyword::group},
    {"if", Keyword::if_word},
    {"insert", Keyword::insert},
    {"into", Keyword::into},
    {"json", Keyword::json},
    {"limit", Keyword::limit},
    {"list", Keyword::list},
    {"on", Keyword::on},
    {"or", Keyword::or_word},
    {"order", Keyword::order},
    {"per", Keyword::per},
    {"restrict", Keyword::restrict},
    {"revoke", Keyword::revoke},
    {"select", Keyword::select},
    {"set", Keyword::set},
    {"table", Keyword::table},
    {"timestamp", Keyword::timestamp},
    {"truncate", Keyword::truncate},
    {"ttl", Keyword::ttl},
    {"unrestrict", Keyword::unrestrict},
    {"update", Keyword::update},
    {"use", Keyword::use},
    {"using", Keyword::using_word},
    {"values", Keyword::values},
    {"where", Keyword::where},
}};

// Where the keywords of each letter begin.
constexpr std::array<std::uint8_t, 27> keyword_starts = [] {
    std::array<std::uint8_t, 27> starts{};
    for (std::size_t letter = 0; letter < starts.size(); ++letter)
        while (starts[letter] < keyword_texts.size() &&
               keyword_texts[starts[letter]].text[0] < 'a' + static_cast<int>(letter))
            ++starts[letter];
    return starts;
}();

Keyword keyword_of(const Lexeme& lexeme) {
    if (!lexeme.is(LexemeKind::word)) return Keyword::none;
    const int letter = (lexeme.text[0] | 0x20) - 'a';
    if (letter < 0 || letter >= 26) return Keyword::none;  // an underscore
    const auto index = static_cast<std::size_t>(letter);
    for (std::size_t i = keyword_starts[index]; i < keyword_starts[index + 1]; ++i)
        if (lexeme.is_word(keyword_texts[i].text)) return keyword_texts[i].keyword;
    return Keyword::none;
}

bool opens(const Lexeme& lexeme) {
    return lexeme.is_symbol("(") || lexeme.is_symbol("[") || lexeme.is_symbol("{");
}
bool closes(const Lexeme& lexeme) {
    return lexeme.is_symbol(")") || lexeme.is_symbol("]") || lexeme.is_symbol("}");
}
}  // namespace

// ---------------------------------------------------------------------------------------------------- the cursor

void StatementReader::advance() {
    const Lexeme previous = current_;
    current_ = in_.next();
    keyword_ = keyword_of(current_);
    if (current_.is(LexemeKind::marker)) ++out_.marker_count;
    if (at_symbol("(") && previous.is_name() && !is_table_name_ && is_time_or_chance(previous.text))
        out_.calls_time_or_chance = true;
    is_table_name_ = false;
}

bool StatementReader::take(Keyword keyword) {
    if (!at(keyword)) return false;
    advance();
    return true;
}

bool StatementReader::take_word(std::string_view lower_case) {
    if (!current_.is_word(lower_case)) return false;
    advance();
    return true;
}

bool StatementReader::at_end() const {
    if (is_over() || at_symbol(";")) return true;
    // All reserved words: they are no names. A child needs no semicolon behind it.
    return is_in_batch_ &&
           (at(Keyword::insert) || at(Keyword::update) || at(Keyword::delete_word) || at(Keyword::apply));
}

void StatementReader::skip() {
    std::size_t depth = 0;
    do {
        if (opens(current_)) ++depth;
        if (closes(current_) && depth > 0) --depth;
        advance();
    } while (depth > 0 && !is_over());
}

TableName StatementReader::read_table() {
    TableName table;
    if (!current_.is_name()) {
        out_.needs_keyspace = true;
        return table;
    }
    std::string_view name = current_.text;
    is_table_name_ = true;
    advance();
    if (at_symbol(".")) {
        advance();
        if (current_.is_name()) {
            table.keyspace = name_text(name);
            name = current_.text;
            is_table_name_ = true;
            advance();
        }
    }
    table.table = name_text(name);
    out_.needs_keyspace = out_.needs_keyspace || table.keyspace.empty();
    return table;
}

void StatementReader::read_using() {
    do {
        advance();
        out_.has_using_timestamp = out_.has_using_timestamp || at(Keyword::timestamp);
        out_.has_using_ttl = out_.has_using_ttl || at(Keyword::ttl);
        if (current_.is_name()) advance();
        if (at_symbol("-")) advance();
        if (!at_end()) skip();
    } while (at(Keyword::and_word));
}

void StatementReader::read_tail() {
    while (!at_end()) {
        if (at(Keyword::using_word)) {
            read_using();
        } else {
            out_.is_conditional = out_.is_conditional || at(Keyword::if_word);
            skip();
        }
    }
}

void StatementReader::add_key_column(std::string_view column, std::int32_t marker) {
    if (!wants_keys_) return;
    out_.key_columns.push_back(name_text(column));
    out_.key_markers.push_back(marker);
}

// ---------------------------------------------------------------------------------------------------- the verbs

Statement StatementReader::read() {
    read_verb();
    skip_all();
    const bool is_write = out_.verb == Verb::insert || out_.verb == Verb::update || out_.verb == Verb::delete_rows ||
                          out_.verb == Verb::batch;
    out_.calls_time_or_chance = out_.calls_time_or_chance && is_write;
    return std::move(out_);
}

void StatementReader::read_verb() {
    switch (keyword_) {
        case Keyword::select:
            return read_select();
        case Keyword::insert:
            return read_insert();
        case Keyword::update:
            return read_update();
        case Keyword::delete_word:
            return read_delete();
        case Keyword::begin:
            return read_batch();
        case Keyword::truncate:
            out_.verb = Verb::truncate;
            advance();
            if (!take(Keyword::table)) take(Keyword::columnfamily);
            out_.table = read_table();
            return;
        case Keyword::use:
            out_.verb = Verb::use;
            advance();
            if (current_.is_name()) out_.table.keyspace = name_text(current_.text);
            return;
        case Keyword::create:
        case Keyword::alter:
        case Keyword::drop:
        case Keyword::add:
            out_.verb = Verb::schema;
            return read_schema();
        case Keyword::grant:
        case Keyword::revoke:
        case Keyword::restrict:
        case Keyword::unrestrict:
            out_.verb = Verb::grant;
            return read_permissions();
        case Keyword::list:
            out_.verb = Verb::list;
            return read_permissions();
        case Keyword::desc:
        case Keyword::describe:
            out_.verb = Verb::describe;
            break;
        case Keyword::call:
            out_.verb = Verb::call;
            break;
        default:
            out_.verb = Verb::other;
    }
    out_.needs_keyspace = true;
}

void StatementReader::read_select() {
    out_.verb = Verb::select;
    advance();
    if (take(Keyword::json)) {
        // A column can be called json: "SELECT json FROM", "SELECT json, a", "SELECT json AS j".
        const bool begins_selector = (current_.is_name() && !at(Keyword::from) && !at(Keyword::as)) || at_symbol("*") ||
                                     current_.is(LexemeKind::number) || current_.is(LexemeKind::marker) ||
                                     is_other_constant(current_);
        out_.is_json = begins_selector;
    }
    skip_to(Keyword::from);
    if (!take(Keyword::from)) {
        out_.needs_keyspace = true;
        return;
    }
    out_.table = read_table();
    skip_to(Keyword::where);
    if (at(Keyword::where)) read_where();
}

void StatementReader::read_where() {
    advance();
    const std::size_t first = out_.key_columns.size();
    bool has_or = false;
    bool expects_column = true;
    while (!at_end() && !at(Keyword::if_word)) {
        const bool begins_clause =
            at(Keyword::order) || at(Keyword::group) || at(Keyword::limit) || at(Keyword::per) || at(Keyword::allow);
        if (begins_clause && !expects_column) break;
        has_or = has_or || at(Keyword::or_word);
        if (at(Keyword::and_word) || at(Keyword::or_word)) {
            expects_column = true;
            advance();
            continue;
        }
        const bool is_column = expects_column && current_.is_name();
        expects_column = false;
        const std::string_view column = current_.text;
        skip();
        if (!is_column || !at_symbol("=")) continue;
        advance();
        const std::int32_t marker =
            current_.is(LexemeKind::marker) ? static_cast<std::int32_t>(out_.marker_count) - 1 : -1;
        if (!at_end()) skip();
        const bool is_whole = current_.is(LexemeKind::word) || at_end();
        add_key_column(column, is_whole ? marker : -1);
    }
    if (has_or && wants_keys_) {
        out_.key_columns.resize(first);
        out_.key_markers.resize(first);
    }
}

}  // namespace crossfade::cql
