#include "stub_node/marker_reading.hpp"

#include "cql/tokenizer.hpp"

namespace crossfade::lab {
namespace {

using cql::Lexeme;
using cql::LexemeKind;

// One pass over the lexemes. A value belongs to the name before its operator, or, behind VALUES, to the column at its
// place.
class Pass {
public:
    Pass(std::string_view text, cql::TypeCode key_type) : in_(text), key_type_(key_type) {}

    MarkerReading run() {
        for (Lexeme lexeme = in_.next(); !lexeme.is(LexemeKind::end); lexeme = in_.next()) {
            switch (lexeme.kind) {
                case LexemeKind::word:
                case LexemeKind::quoted_name:
                    name(lexeme);
                    break;
                case LexemeKind::symbol:
                    symbol(lexeme);
                    break;
                case LexemeKind::marker:
                    marker(lexeme);
                    break;
                case LexemeKind::string:
                    literal(cql::string_text(lexeme));
                    break;
                case LexemeKind::number:
                    literal((is_negative_ ? "-" : "") + std::string(lexeme.text));
                    break;
                default:
                    break;
            }
            is_negative_ = lexeme.is_symbol("-");
            is_behind_word_ = lexeme.is(LexemeKind::word);
        }
        return std::move(reading_);
    }

private:
    enum class Part { other, insert_columns, insert_values };

    void name(const Lexeme& word) {
        if (word.is_word("insert")) {
            columns_.clear();
            waits_for_columns_ = true;
        } else if (word.is_word("values")) {
            part_ = Part::insert_values;
            place_ = 0;
            depth_ = 0;
        } else if (part_ == Part::insert_columns) {
            columns_.push_back(cql::name_text(word.text));
        } else if (!word.is_word("in") && !word.is_word("and") && !word.is_word("contains") && !word.is_word("key")) {
            operand_ = cql::name_text(word.text);
            is_in_ = false;
        }
        is_equal_ = false;
        if (word.is_word("in")) is_in_ = true;
    }

    void symbol(const Lexeme& symbol) {
        if (symbol.is_symbol("(")) {
            if (waits_for_columns_) {
                part_ = Part::insert_columns;
                waits_for_columns_ = false;
            } else {
                ++depth_;
                is_token_ = operand_ == "token" && part_ == Part::other;
                is_in_ = false;
            }
        } else if (symbol.is_symbol(")")) {
            if (part_ == Part::insert_columns) {
                part_ = Part::other;
            } else if (--depth_ == 0 && part_ == Part::insert_values) {
                part_ = Part::other;
            }
            if (is_token_) operand_ = token_operand;
            is_token_ = false;
        } else if (symbol.is_symbol(",")) {
            if (part_ == Part::insert_values && depth_ == 1) ++place_;
        } else if (symbol.is_symbol("=")) {
            is_equal_ = true;
            return;
        } else if (symbol.is_symbol("-")) {
            return;  // a sign
        } else if (symbol.is_symbol(";")) {
            part_ = Part::other;
        }
        is_equal_ = false;
    }

    // The column that a value here belongs to; empty when there is none.
    std::string column() const {
        if (part_ == Part::insert_values) return place_ < columns_.size() ? columns_[place_] : "";
        return operand_;
    }
    bool is_key_here() const { return column() == "k" && (part_ == Part::insert_values ? depth_ == 1 : is_equal_); }

    void marker(const Lexeme& lexeme) {
        Marker marker = describe();
        const auto index = static_cast<std::int32_t>(reading_.markers.size());
        if (is_key_here() && reading_.key_marker < 0 && reading_.key_literal.empty()) reading_.key_marker = index;
        if (!lexeme.name.empty()) marker.name = cql::name_text(lexeme.name);
        reading_.markers.push_back(std::move(marker));
        is_equal_ = false;
    }

    void literal(std::string text) {
        if (is_key_here() && reading_.key_marker < 0 && reading_.key_literal.empty())
            reading_.key_literal = std::move(text);
        is_equal_ = false;
    }

    Marker describe() const {
        const std::string name = column();
        const bool is_keyword = part_ == Part::other && is_behind_word_;
        if (is_keyword && name == "timestamp") return {"[timestamp]", "", cql::simple_type(cql::TypeCode::bigint)};
        if (is_keyword && name == "ttl") return {"[ttl]", "", cql::simple_type(cql::TypeCode::int_number)};
        if (is_keyword && name == "limit") return {"[limit]", "", cql::simple_type(cql::TypeCode::int_number)};
        if (name == token_operand) return {token_operand, "", cql::simple_type(cql::TypeCode::bigint)};
        cql::TypePtr type = cql::simple_type(name == "k" ? key_type_ : cql::TypeCode::blob);
        if (is_in_) return {"in(" + name + ")", name, cql::list_type(type)};
        return {name, name, type};
    }

    static constexpr const char* token_operand = "partition key token";

    cql::Tokenizer in_;
    const cql::TypeCode key_type_;
    MarkerReading reading_;
    Part part_ = Part::other;
    bool waits_for_columns_ = false;
    std::vector<std::string> columns_;  // of the INSERT that is being read
    std::size_t place_ = 0;             // in VALUES
    int depth_ = 0;
    std::string operand_;
    bool is_behind_word_ = false, is_equal_ = false, is_in_ = false, is_token_ = false, is_negative_ = false;
};

}  // namespace

MarkerReading read_markers(std::string_view text, cql::TypeCode key_type) {
    return Pass(text, key_type).run();
}

}  // namespace crossfade::lab
