#include "proxy/rehearsable.hpp"

#include "cql/function_names.hpp"
#include "cql/statement.hpp"
#include "cql/tokenizer.hpp"

namespace crossfade::proxy {
namespace {

// Functions that answer otherwise on each cluster, or at each moment.
bool is_of_the_moment(std::string_view function) {
    return cql::is_time_or_chance(function) || cql::same_name(function, "ttl");
}

}  // namespace

bool is_rehearsable(std::string_view text, std::string_view keyspace) {
    const cql::Statement statement = cql::classify(text);
    if (statement.verb != cql::Verb::select) return false;
    if (cql::is_system_keyspace(statement.table.keyspace.empty() ? keyspace
                                                                 : std::string_view(statement.table.keyspace)))
        return false;
    cql::Tokenizer in(text);
    cql::Lexeme previous;
    for (cql::Lexeme lexeme = in.next(); !lexeme.is(cql::LexemeKind::end); lexeme = in.next()) {
        if (lexeme.is_symbol("(") && previous.is_name() && is_of_the_moment(previous.text)) return false;
        previous = lexeme;
    }
    return true;
}

}  // namespace crossfade::proxy
