#include "cql/statement.hpp"

#include "cql/statement_reader.hpp"

namespace crossfade::cql {

std::string_view name_of(Verb verb) {
    switch (verb) {
        case Verb::select:
            return "SELECT";
        case Verb::insert:
            return "INSERT";
        case Verb::update:
            return "UPDATE";
        case Verb::delete_rows:
            return "DELETE";
        case Verb::batch:
            return "BATCH";
        case Verb::truncate:
            return "TRUNCATE";
        case Verb::use:
            return "USE";
        case Verb::schema:
            return "SCHEMA";
        case Verb::grant:
            return "GRANT";
        case Verb::list:
            return "LIST";
        case Verb::describe:
            return "DESCRIBE";
        case Verb::call:
            return "CALL";
        case Verb::other:
            return "OTHER";
    }
    return "OTHER";
}

Statement classify(std::string_view text) {
    return StatementReader(text).read();
}

}  // namespace crossfade::cql
