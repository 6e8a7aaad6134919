#include "cql/tokenizer.hpp"

#include <algorithm>
#include <array>

namespace crossfade::cql {

namespace {

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}
bool is_letter(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
bool is_word_part(char c) {
    return is_letter(c) || is_digit(c) || c == '_';
}
bool is_hex(char c) {
    return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}
bool is_blank(char c) {
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}
char lower(char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

constexpr std::size_t uuid_length = 36;

bool begins_with_uuid(std::string_view text) {
    if (text.size() < uuid_length) return false;
    for (std::size_t i = 0; i < uuid_length; ++i) {
        const bool is_dash = i == 8 || i == 13 || i == 18 || i == 23;
        if (is_dash ? text[i] != '-' : !is_hex(text[i])) return false;
    }
    return true;
}

std::size_t digits_at(std::string_view text, std::size_t at) {
    std::size_t count = 0;
    while (at + count < text.size() && is_digit(text[at + count])) ++count;
    return count;
}

// Length of a unit of the short form (1h30m) at `at`, 0 when there is none. The micro sign is two bytes of UTF-8.
std::size_t unit_at(std::string_view text, std::size_t at) {
    const std::string_view rest = text.substr(at);
    if (rest.starts_with("\xC2\xB5") && rest.size() > 2 && lower(rest[2]) == 's') return 3;
    const char first = rest.empty() ? '\0' : lower(rest[0]);
    const char second = rest.size() < 2 ? '\0' : lower(rest[1]);
    if ((first == 'm' && second == 'o') || ((first == 'm' || first == 'u' || first == 'n') && second == 's')) return 2;
    return first != '\0' && std::string_view("ywdhms").find(first) != std::string_view::npos ? 1 : 0;
}

// Length of a duration of the short form at the start of `text`, 0 when there is none.
std::size_t short_duration(std::string_view text) {
    std::size_t at = 0;
    while (const std::size_t digits = digits_at(text, at)) {
        const std::size_t unit = unit_at(text, at + digits);
        if (unit == 0) return 0;
        at += digits + unit;
    }
    return at < text.size() && is_word_part(text[at]) ? 0 : at;
}

// Length of P0001-00-02T12:00:05 at the start of `text`, 0 when there is none.
std::size_t alternative_duration(std::string_view text) {
    constexpr std::string_view shape = "P0000-00-00T00:00:00";
    if (text.size() < shape.size()) return 0;
    for (std::size_t i = 0; i < shape.size(); ++i) {
        const bool fits = shape[i] == '0' ? is_digit(text[i]) : lower(text[i]) == lower(shape[i]);
        if (!fits) return 0;
    }
    return shape.size();
}

// Whether a word is a duration of ISO 8601: P1Y2M3DT4H5M6S or P2W.
bool is_iso_duration(std::string_view word) {
    if (word.size() < 3 || lower(word[0]) != 'p') return false;
    bool is_time = false;
    for (std::size_t at = 1; at < word.size();) {
        if (lower(word[at]) == 't' && !is_time) {
            is_time = true;
            ++at;
            continue;
        }
        const std::size_t digits = digits_at(word, at);
        if (digits == 0 || at + digits >= word.size()) return false;
        const std::string_view units = is_time ? "hms" : "ymwd";
        if (units.find(lower(word[at + digits])) == std::string_view::npos) return false;
        at += digits + 1;
    }
    return is_digit(word[1]) || is_digit(word[2]);
}

bool can_end_value(const Lexeme& lexeme) {
    switch (lexeme.kind) {
        case LexemeKind::symbol:
            return lexeme.text == ")" || lexeme.text == "]" || lexeme.text == "}";
        case LexemeKind::end:
        case LexemeKind::unterminated:
            return false;
        default:
            return true;
    }
}

}  // namespace

bool Lexeme::is_word(std::string_view lower_case) const {
    return kind == LexemeKind::word && text.size() == lower_case.size() &&
           std::equal(text.begin(), text.end(), lower_case.begin(), [](char a, char b) { return lower(a) == b; });
}

bool Tokenizer::skip_blanks_and_comments() {
    for (;;) {
        while (at_ < text_.size() && is_blank(text_[at_])) ++at_;
        const char first = peek(0);
        const char second = peek(1);
        if ((first == '-' && second == '-') || (first == '/' && second == '/')) {
            at_ = std::min(text_.find_first_of("\r\n", at_), text_.size());
        } else if (first == '/' && second == '*') {
            const std::size_t end = text_.find("*/", at_ + 2);
            if (end == std::string_view::npos) return false;
            at_ = end + 2;
        } else {
            return true;
        }
    }
}

Lexeme Tokenizer::cut(LexemeKind kind, std::size_t length) {
    const Lexeme lexeme{kind, text_.substr(at_, length), {}};
    at_ += length;
    return lexeme;
}

Lexeme Tokenizer::next() {
    if (!skip_blanks_and_comments()) return cut_rest();
    if (at_ >= text_.size()) return {};
    const char c = text_[at_];
    Lexeme lexeme;
    if (is_hex(c) && begins_with_uuid(text_.substr(at_))) {
        lexeme = cut(LexemeKind::uuid, uuid_length);
    } else if (is_letter(c) || c == '_') {
        lexeme = read_word();
    } else if (is_digit(c)) {
        lexeme = read_number();
    } else if (c == '\'') {
        lexeme = read_quoted('\'', LexemeKind::string);
    } else if (c == '"') {
        lexeme = read_quoted('"', LexemeKind::quoted_name);
    } else if (c == '$' && peek(1) == '$') {
        const std::size_t end = text_.find("$$", at_ + 2);
        lexeme = end == std::string_view::npos ? cut_rest() : cut(LexemeKind::string, end + 2 - at_);
    } else if (c == '?') {
        lexeme = cut(LexemeKind::marker, 1);
    } else if (c == ':') {
        lexeme = read_colon();
    } else {
        lexeme = read_symbol();
    }
    ends_value_ = can_end_value(lexeme);
    return lexeme;
}

Lexeme Tokenizer::read_quoted(char quote, LexemeKind kind) {
    for (std::size_t from = at_ + 1;;) {
        const std::size_t end = text_.find(quote, from);
        if (end == std::string_view::npos) return cut_rest();
        const bool is_doubled = end + 1 < text_.size() && text_[end + 1] == quote;
        if (!is_doubled) return cut(kind, end + 1 - at_);
        from = end + 2;
    }
}

Lexeme Tokenizer::read_number() {
    if (text_[at_] == '0' && lower(peek(1)) == 'x') {
        std::size_t length = 2;
        while (is_hex(peek(length))) ++length;
        return cut(LexemeKind::blob, length);
    }
    std::size_t length = digits_at(text_, at_);
    if (is_letter(peek(length)) || peek(length) == '\xC2')
        if (const std::size_t duration = short_duration(text_.substr(at_))) return cut(LexemeKind::duration, duration);
    // "1..2" is a range.
    if (peek(length) == '.' && peek(length + 1) != '.') length += 1 + digits_at(text_, at_ + length + 1);
    if (lower(peek(length)) == 'e') {
        const bool has_sign = peek(length + 1) == '+' || peek(length + 1) == '-';
        const std::size_t exponent = digits_at(text_, at_ + length + 1 + (has_sign ? 1 : 0));
        if (exponent > 0) length += 1 + (has_sign ? 1 : 0) + exponent;
    }
    return cut(LexemeKind::number, length);
}

Lexeme Tokenizer::read_word() {
    if (const std::size_t duration = alternative_duration(text_.substr(at_)))
        return cut(LexemeKind::duration, duration);
    std::size_t length = 1;
    while (is_word_part(peek(length))) ++length;
    return cut(is_iso_duration(text_.substr(at_, length)) ? LexemeKind::duration : LexemeKind::word, length);
}

// {'a': b, c: :d} has separators and markers; only what stands before a colon tells them apart. Blanks and comments may
// follow it.
Lexeme Tokenizer::read_colon() {
    const std::size_t start = at_;
    Lexeme colon = cut(LexemeKind::symbol, 1);
    const bool is_separator = (open_braces_ & 1U) != 0 && ends_value_;
    if (is_separator) return colon;
    Lexeme name;
    if (skip_blanks_and_comments()) {
        const char c = peek(0);
        if (is_letter(c) || c == '_') {
            std::size_t length = 1;
            while (is_word_part(peek(length))) ++length;
            name = cut(LexemeKind::word, length);
        } else if (c == '"') {
            name = read_quoted('"', LexemeKind::quoted_name);
        }
    }
    if (!name.is_name()) {
        at_ = start + 1;
        return colon;
    }
    return {LexemeKind::marker, text_.substr(start, at_ - start), name.text};
}

Lexeme Tokenizer::read_symbol() {
    static constexpr std::array<std::string_view, 6> pairs = {"..", "<=", ">=", "!=", "+=", "-="};
    const char c = text_[at_];
    if (c == '(' || c == '[' || c == '{') open_braces_ = (open_braces_ << 1) | (c == '{' ? 1U : 0U);
    if (c == ')' || c == ']' || c == '}') open_braces_ >>= 1;
    const bool is_pair = std::find(pairs.begin(), pairs.end(), text_.substr(at_, 2)) != pairs.end();
    return cut(LexemeKind::symbol, is_pair ? 2 : 1);
}

namespace {

// Calls `take` with each character that a quoted text stands for.
template <class Take>
void for_each_unquoted(std::string_view written, Take take) {
    const char quote = written[0];
    const std::string_view inner = written.substr(1, written.size() - 2);
    for (std::size_t i = 0; i < inner.size(); ++i) {
        take(inner[i]);
        if (inner[i] == quote) ++i;
    }
}

bool is_quoted(std::string_view written) {
    return written.size() >= 2 && written[0] == '"';
}

}  // namespace

std::string name_text(std::string_view written) {
    std::string out;
    out.reserve(written.size());
    if (is_quoted(written)) {
        for_each_unquoted(written, [&](char c) { out += c; });
    } else {
        for (const char c : written) out += lower(c);
    }
    return out;
}

bool same_name(std::string_view a, std::string_view b) {
    if (is_quoted(a) && is_quoted(b)) return a == b;
    if (is_quoted(a)) std::swap(a, b);
    if (!is_quoted(b))
        return a.size() == b.size() &&
               std::equal(a.begin(), a.end(), b.begin(), [](char x, char y) { return lower(x) == lower(y); });
    std::size_t at = 0;
    bool same = true;
    for_each_unquoted(b, [&](char c) {
        same = same && at < a.size() && lower(a[at]) == c;
        ++at;
    });
    return same && at == a.size();
}

std::string string_text(const Lexeme& string) {
    std::string out;
    if (string.text.size() < 2) return out;
    if (string.text[0] == '$') return std::string(string.text.substr(2, string.text.size() - 4));
    for_each_unquoted(string.text, [&](char c) { out += c; });
    return out;
}

}  // namespace crossfade::cql
