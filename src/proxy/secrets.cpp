#include "proxy/secrets.hpp"

#include "cql/tokenizer.hpp"

namespace crossfade::proxy {

std::string without_secrets(std::string_view statement) {
    std::string shown;
    std::size_t copied = 0;
    bool is_of_role = false;   // CREATE or ALTER ROLE or USER
    bool is_password = false;  // the last word was PASSWORD; an equals sign may stand between
    bool is_options = false;   // the last word was OPTIONS, or its map is open
    bool is_value = false;     // in that map, behind a colon
    cql::Tokenizer in(statement);
    for (cql::Lexeme lexeme = in.next(); !lexeme.is(cql::LexemeKind::end); lexeme = in.next()) {
        const bool is_text = lexeme.is(cql::LexemeKind::string) || lexeme.is(cql::LexemeKind::unterminated);
        if (is_text && (is_password || is_value || lexeme.is(cql::LexemeKind::unterminated))) {
            const std::size_t at = static_cast<std::size_t>(lexeme.text.data() - statement.data());
            shown.append(statement.substr(copied, at - copied)).append(hidden_secret);
            copied = at + lexeme.text.size();
        }
        is_of_role = is_of_role || lexeme.is_word("role") || lexeme.is_word("user");
        is_password = lexeme.is_word("password") || (is_password && lexeme.is_symbol("="));
        if (lexeme.is_word("options") && is_of_role)
            is_options = true;
        else if (lexeme.is_symbol("}") || lexeme.is_symbol(";"))
            is_options = false;
        is_value = is_options && (lexeme.is_symbol(":") || is_value) && !lexeme.is_symbol(",");
    }
    return shown.append(statement.substr(copied));
}

}  // namespace crossfade::proxy
