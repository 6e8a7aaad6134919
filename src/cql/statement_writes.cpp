// What inserts, updates, deletes and batches write, and how.
#include <algorithm>
#include <utility>

#include "cql/statement_reader.hpp"

namespace crossfade::cql {

namespace {

// Past so many tables a batch's are looked up by their hash.
constexpr std::size_t few_tables = 16;

}  // namespace

void StatementReader::read_insert() {
    out_.verb = Verb::insert;
    advance();
    take(Keyword::into);
    out_.table = read_table();
    if (at_symbol("(")) read_columns();
    if (at(Keyword::values)) read_values();
    out_.is_json = out_.is_json || at(Keyword::json);
    read_tail();
}

void StatementReader::read_columns() {
    for (advance(); !is_over() && !at_symbol(")"); advance())
        if (current_.is_name()) add_key_column(current_.text, -1);
    if (!is_over()) advance();
}

// A value that is one marker and nothing else is that marker's.
void StatementReader::read_values() {
    advance();
    if (!at_symbol("(")) return;
    advance();
    for (std::size_t column = 0; !is_over(); ++column) {
        const bool begins_with_marker = current_.is(LexemeKind::marker);
        const auto marker = static_cast<std::int32_t>(out_.marker_count) - 1;
        if (begins_with_marker) advance();
        const bool is_whole = at_symbol(",") || at_symbol(")");
        while (!is_over() && !at_symbol(",") && !at_symbol(")")) skip();
        if (begins_with_marker && is_whole && wants_keys_ && column < out_.key_markers.size())
            out_.key_markers[column] = marker;
        const bool was_last = at_symbol(")");
        if (!is_over()) advance();
        if (was_last) return;
    }
}

void StatementReader::read_update() {
    out_.verb = Verb::update;
    advance();
    out_.table = read_table();
    skip_to(Keyword::using_word, Keyword::set);
    if (at(Keyword::using_word)) read_using();
    skip_to(Keyword::set);
    while (at(Keyword::set) || at_symbol(",")) {
        advance();
        read_assignment();
    }
    if (at(Keyword::where)) read_where();
    read_tail();
}

// COLUMN [ '[' key ']' | '.' field ] ( '=' | '+=' | '-=' ) …, up to the comma or clause behind it.
void StatementReader::read_assignment() {
    const std::string_view column = current_.text;
    if (current_.is_name()) advance();
    if (at_symbol("[")) {
        note_element_key();
    } else if (at_symbol(".")) {
        advance();
        if (current_.is_name()) advance();
    }
    if (at_symbol("+=") || at_symbol("-=")) {
        advance();
        note_operand();
    } else if (at_symbol("=")) {
        advance();
        read_assigned(column);
    }
    while (!at_end() && !at_symbol(",") && !at(Keyword::where) && !at(Keyword::if_word)) skip();
}

// c + …, c - …, or … + c, when `column` is c.
void StatementReader::read_assigned(std::string_view column) {
    if (current_.is_name() && same_name(current_.text, column)) {
        advance();
        if (!at_symbol("+") && !at_symbol("-")) return;
        advance();
        return note_operand();
    }
    const bool may_be_list = !at_symbol("{") && !current_.is(LexemeKind::number) && !is_other_constant(current_);
    bool is_behind_plus = false;
    while (!at_end() && !at_symbol(",") && !at(Keyword::where) && !at(Keyword::if_word)) {
        if (is_behind_plus && may_be_list && current_.is_name() && same_name(current_.text, column))
            out_.places_list = true;
        is_behind_plus = at_symbol("+");
        skip();
    }
}

// At the '[' behind a column: a list's index is a number or a marker, a map's key may be anything.
void StatementReader::note_element_key() {
    Tokenizer ahead = in_;
    if (!is_other_constant(ahead.next())) out_.places_list = true;
    skip();
}

// At what is added to a column or taken from it.
void StatementReader::note_operand() {
    if (at_symbol("{") || is_other_constant(current_)) return;  // of a set, a map
    const bool is_number = current_.is(LexemeKind::number) || at_symbol("-");
    const bool is_list = at_symbol("[");
    out_.places_list = out_.places_list || !is_number;
    out_.may_be_counter = out_.may_be_counter || !is_list;
}

void StatementReader::read_delete() {
    out_.verb = Verb::delete_rows;
    advance();
    while (!at_end() && !at(Keyword::from)) {
        if (at_symbol("[")) {
            note_element_key();
        } else {
            skip();
        }
    }
    if (!take(Keyword::from)) {
        out_.needs_keyspace = true;
        return;
    }
    out_.table = read_table();
    skip_to(Keyword::using_word, Keyword::where);
    if (at(Keyword::using_word)) read_using();
    skip_to(Keyword::where);
    if (at(Keyword::where)) read_where();
    read_tail();
}

// Restrictions up to the clause behind them. Words like GROUP and PER are also names: where a column is expected, they
// are one.
void StatementReader::read_batch() {
    advance();
    if (take(Keyword::counter)) {
        out_.may_be_counter = true;
    } else if (!at(Keyword::batch) && current_.is_name()) {
        advance();  // UNLOGGED
    }
    if (!at(Keyword::batch)) {
        out_.needs_keyspace = true;
        return;
    }
    is_in_batch_ = true;
    advance();
    if (at(Keyword::using_word)) read_using();
    const bool is_stamped = out_.has_using_timestamp;
    bool are_children_stamped = true;
    while (!is_over() && !at(Keyword::apply)) {
        if (at(Keyword::insert) || at(Keyword::update) || at(Keyword::delete_word)) {
            read_child();
            are_children_stamped = are_children_stamped && out_.has_using_timestamp;
        } else {
            advance();
        }
    }
    out_.verb = Verb::batch;
    out_.has_using_timestamp = is_stamped || (are_children_stamped && !out_.tables.empty());
}

void StatementReader::read_child() {
    TableName first = std::exchange(out_.table, {});
    out_.has_using_timestamp = false;
    read_verb();
    TableName& table = out_.table;
    wants_keys_ = false;
    const bool is_first = out_.tables.empty();
    bool is_new = true;
    if (out_.tables.size() <= few_tables) {
        is_new = std::find(out_.tables.begin(), out_.tables.end(), table) == out_.tables.end();
    }
    if (out_.tables.size() >= few_tables) {
        if (seen_tables_.empty())
            for (const TableName& each : out_.tables) seen_tables_.insert(each.keyspace + '\0' + each.table);
        is_new = seen_tables_.insert(table.keyspace + '\0' + table.table).second;
    }
    if (is_new) out_.tables.push_back(table);
    if (!is_first) table = std::move(first);
}

}  // namespace crossfade::cql
