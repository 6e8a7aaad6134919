#include "proxy/rehearsable.hpp"

#include <algorithm>
#include <array>

#include "cql/statement.hpp"
#include "cql/tokenizer.hpp"

namespace crossfade::proxy {
namespace {

// Functions that answer otherwise on each cluster, or at each moment.
bool is_of_the_moment(std::string_view function) {
    static constexpr std::array<std::string_view, 12> names = {"now",
                                                               "uuid",
                                                               "currenttimestamp",
                                                               "currentdate",
                                                               "currenttime",
                                                               "currenttimeuuid",
                                                               "current_date",
                                                               "current_time",
                                                               "current_timestamp",
                                                               "current_timeuuid",
                                                               "random_float_vector",
                                                               "ttl"};
    return std::ranges::any_of(names, [&](std::string_view name) { return cql::same_name(function, name); });
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
