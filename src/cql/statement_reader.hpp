// The one pass over a statement's lexemes behind classify(). Not for use elsewhere: include cql/statement.hpp.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_set>

#include "cql/statement.hpp"
#include "cql/tokenizer.hpp"

namespace crossfade::cql {

// Keywords that decide something: each word is looked up once.
enum class Keyword : std::uint8_t {
    none,
    add,
    allow,
    alter,
    and_word,
    apply,
    as,
    batch,
    begin,
    call,
    columnfamily,
    counter,
    create,
    delete_word,
    desc,
    describe,
    drop,
    from,
    grant,
    group,
    if_word,
    insert,
    into,
    json,
    limit,
    list,
    on,
    or_word,
    order,
    per,
    restrict,
    revoke,
    select,
    set,
    table,
    timestamp,
    truncate,
    ttl,
    unrestrict,
    update,
    use,
    using_word,
    values,
    where,
};

// Constants that are neither lists nor numbers.
inline bool is_other_constant(const Lexeme& lexeme) {
    return lexeme.is(LexemeKind::string) || lexeme.is(LexemeKind::uuid) || lexeme.is(LexemeKind::blob) ||
           lexeme.is(LexemeKind::duration);
}

class StatementReader {
public:
    explicit StatementReader(std::string_view text) : in_(text) { advance(); }
    // Call once.
    Statement read();

private:
    // The cursor (statement_reader.cpp).
    void advance();
    bool at(Keyword keyword) const { return keyword_ == keyword; }
    bool at_symbol(std::string_view symbol) const { return current_.is_symbol(symbol); }
    bool take(Keyword keyword);
    bool take_word(std::string_view lower_case);
    bool is_over() const { return current_.is(LexemeKind::end); }
    // Whether the statement, or a batch's child, ends here. Only asked outside brackets.
    bool at_end() const;
    // Goes past the current lexeme; when it opens a bracket, past all that is in it.
    void skip();
    void skip_all() {
        while (!is_over()) advance();
    }
    // Stops at the first of these outside brackets, or at the end.
    template <class... Keywords>
    void skip_to(Keywords... keywords) {
        while (!is_over() && !at_end() && !(at(keywords) || ...)) skip();
    }
    // NAME or NAME.NAME; empty when there is none. Notes whether it needs a keyspace.
    TableName read_table();
    // USING …, at its keyword.
    void read_using();
    // What stands behind the main part of an insert, update or delete.
    void read_tail();
    void add_key_column(std::string_view column, std::int32_t marker);

    // Reads and what all share (statement_reader.cpp), each at its keyword.
    void read_verb();
    void read_select();
    void read_where();

    // Writes (statement_writes.cpp), each at its keyword.
    void read_insert();
    void read_columns();
    void read_values();
    void read_update();
    void read_assignment();
    void read_assigned(std::string_view column);
    void note_element_key();
    void note_operand();
    void read_delete();
    void read_batch();
    void read_child();

    // Definitions and permissions (statement_schema.cpp).
    void read_schema();
    void read_permissions();
    void skip_if_exists();

    Tokenizer in_;
    Lexeme current_;
    Keyword keyword_ = Keyword::none;  // of current_
    bool is_table_name_ = false;       // current_ is one: what looks like a call behind it is a list of columns
    bool is_in_batch_ = false;
    bool wants_keys_ = true;
    std::unordered_set<std::string> seen_tables_;  // of a batch, once they are many
    Statement out_;
};

}  // namespace crossfade::cql
