#include "stub_node/select_statement.hpp"

#include <algorithm>
#include <charconv>

namespace crossfade::lab {
namespace {

using cql::Lexeme;
using cql::LexemeKind;

class Reading {
public:
    explicit Reading(std::string_view text) : in_(text) { advance(); }

    std::optional<SelectStatement> read(bool with_conditions) {
        if (!take_word("select")) return std::nullopt;
        if (current_.is_word("json")) {
            // A column may have that name: it is the keyword when another item follows it.
            advance();
            if (current_.is_symbol(",") || current_.is_word("from"))
                select_.list.push_back({"json", false, "json"});
            else
                select_.is_json = true;
            take_symbol(",");
        }
        take_word("distinct");
        if (!take_symbol("*") && !read_list()) return std::nullopt;
        if (!take_word("from") || !read_table()) return std::nullopt;
        if (with_conditions && !read_tail()) return std::nullopt;
        return std::move(select_);
    }

private:
    void advance() { current_ = in_.next(); }
    bool take_word(std::string_view word) {
        if (!current_.is_word(word)) return false;
        advance();
        return true;
    }
    bool take_symbol(std::string_view symbol) {
        if (!current_.is_symbol(symbol)) return false;
        advance();
        return true;
    }

    bool read_list() {
        if (current_.is_word("from")) return !select_.list.empty();
        do {
            if (!current_.is_name()) return false;
            Selected item{cql::name_text(current_.text), false, {}};
            item.label = item.name;
            advance();
            if (current_.is_symbol("(")) read_call(item);
            if (take_word("as")) {
                if (!current_.is_name()) return false;
                item.label = cql::name_text(current_.text);
                advance();
            }
            select_.list.push_back(std::move(item));
        } while (take_symbol(","));
        return true;
    }

    void read_call(Selected& item) {
        item.is_call = true;
        std::string arguments;
        int depth = 0;
        do {
            if (current_.is_symbol("("))
                ++depth;
            else if (current_.is_symbol(")"))
                --depth;
            arguments += current_.is_name() ? cql::name_text(current_.text) : std::string(current_.text);
            advance();
        } while (depth > 0 && !current_.is(LexemeKind::end));
        const bool is_of_cell = item.name == "writetime" || item.name == "maxwritetime" || item.name == "ttl";
        if (item.name == "count" && (arguments == "(*)" || arguments == "(1)"))
            item.label = "count";
        else
            item.label = (is_of_cell ? "" : "system.") + item.name + arguments;
    }

    bool read_table() {
        if (!current_.is_name()) return false;
        select_.table.table = cql::name_text(current_.text);
        advance();
        if (!take_symbol(".")) return true;
        if (!current_.is_name()) return false;
        select_.table.keyspace = std::move(select_.table.table);
        select_.table.table = cql::name_text(current_.text);
        advance();
        return true;
    }

    bool read_tail() {
        if (take_word("where")) {
            do {
                if (!read_condition()) return false;
            } while (take_word("and"));
        }
        if (take_word("limit")) {
            std::int32_t limit = 0;
            const std::string_view figures = current_.text;
            if (std::from_chars(figures.data(), figures.data() + figures.size(), limit).ec != std::errc()) return false;
            select_.limit = limit;
            advance();
        }
        if (take_word("allow")) take_word("filtering");
        take_symbol(";");
        return current_.is(LexemeKind::end);
    }

    bool read_condition() {
        if (!current_.is_name()) return false;
        Condition condition{cql::name_text(current_.text), {}};
        advance();
        if (take_symbol("=")) {
            if (!read_operand(condition)) return false;
        } else if (take_word("in")) {
            if (!take_symbol("(")) return false;
            do {
                if (!read_operand(condition)) return false;
            } while (take_symbol(","));
            if (!take_symbol(")")) return false;
        } else {
            return false;
        }
        select_.where.push_back(std::move(condition));
        return true;
    }

    bool read_operand(Condition& condition) {
        Operand operand;
        operand.kind = current_.kind;
        switch (current_.kind) {
            case LexemeKind::marker:
                operand.is_marker = true;
                operand.marker = markers_++;
                break;
            case LexemeKind::string:
                operand.text = cql::string_text(current_);
                break;
            case LexemeKind::number:
            case LexemeKind::uuid:
            case LexemeKind::blob:
            case LexemeKind::word:
                operand.text = current_.text;
                break;
            default:
                return false;
        }
        condition.any_of.push_back(std::move(operand));
        advance();
        return true;
    }

    cql::Tokenizer in_;
    Lexeme current_;
    std::uint16_t markers_ = 0;
    SelectStatement select_;
};

}  // namespace

std::optional<SelectStatement> read_select(std::string_view text) {
    return Reading(text).read(true);
}
std::optional<SelectStatement> read_selection(std::string_view text) {
    return Reading(text).read(false);
}

}  // namespace crossfade::lab
