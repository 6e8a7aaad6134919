// Cuts CQL text into lexemes as the server's lexer does (Lexer.g of Cassandra 3.11 to 5.0), leniently: every text has
// lexemes. Pure and without allocation; lexemes are views on the text.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace crossfade::cql {

enum class LexemeKind : std::uint8_t {
    end,           // of the text
    word,          // keyword or plain name: select, ks
    quoted_name,   // "Ks", with its quotes
    string,        // 'it''s' or $$it's$$, with its quotes
    number,        // 1, 1.5, 1e10; a sign before it is a symbol
    uuid,          // 123e4567-e89b-12d3-a456-426614174000
    blob,          // 0xcafe
    duration,      // 1h30m, P1Y2M, PT5H, P0001-00-02T12:00:05
    marker,        // ? or :name or :"Name": where a value begins, not between the two sides of a map's or UDT's entry
    symbol,        // ( ) [ ] { } , ; . .. : = < > <= >= != + - * / % += -= and any byte that begins nothing else
    unterminated,  // a string, quoted name or block comment without its end: the rest of the text
};

struct Lexeme {
    LexemeKind kind = LexemeKind::end;
    std::string_view text;  // as written
    std::string_view name;  // of a marker :name, as written (with quotes); empty for ?

    bool is(LexemeKind wanted) const { return kind == wanted; }
    bool is_symbol(std::string_view wanted) const { return kind == LexemeKind::symbol && text == wanted; }
    // A plain word, in any case. `lower_case` is what its name says.
    bool is_word(std::string_view lower_case) const;
    // A name of a table, column, keyspace …: a word (keywords too) or a quoted name.
    bool is_name() const { return kind == LexemeKind::word || kind == LexemeKind::quoted_name; }
};

class Tokenizer {
public:
    // `text` stays the caller's and outlives the lexemes.
    explicit Tokenizer(std::string_view text) : text_(text) {}

    // The next lexeme; comments and blanks before it are skipped. At the end: `end`, again and again.
    Lexeme next();
    // Bytes of the text up to the end of the last lexeme.
    std::size_t position() const { return at_; }

private:
    bool skip_blanks_and_comments();  // false: a block comment without its end
    Lexeme cut(LexemeKind kind, std::size_t length);
    Lexeme cut_rest() { return cut(LexemeKind::unterminated, text_.size() - at_); }
    Lexeme read_quoted(char quote, LexemeKind kind);
    Lexeme read_number();
    Lexeme read_word();
    Lexeme read_colon();
    Lexeme read_symbol();
    char peek(std::size_t ahead) const { return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0'; }

    std::string_view text_;
    std::size_t at_ = 0;
    // The open brackets, innermost in the lowest bit, 1 for a brace. Past 64 levels the outermost are forgotten.
    std::uint64_t open_braces_ = 0;
    bool ends_value_ = false;  // whether the last lexeme can be the end of a value
};

// The name that a word or quoted name stands for: lower case, or what is between the quotes. Also for the name of a
// marker.
std::string name_text(std::string_view written);
// Whether two words or quoted names stand for the same name. Does not allocate.
bool same_name(std::string_view a, std::string_view b);
// The value of a string lexeme: without its quotes and doubled quotes.
std::string string_text(const Lexeme& string);

}  // namespace crossfade::cql
