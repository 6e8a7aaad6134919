#include "relay/write_type.hpp"

#include "cql/request.hpp"
#include "cql/tokenizer.hpp"

namespace crossfade::relay {
namespace {

// Of BEGIN [UNLOGGED | COUNTER] BATCH …; logged for everything else.
cql::BatchType batch_type_of(std::string_view text) {
    cql::Tokenizer in(text);
    if (!in.next().is_word("begin")) return cql::BatchType::logged;
    const cql::Lexeme kind = in.next();
    if (kind.is_word("unlogged")) return cql::BatchType::unlogged;
    return kind.is_word("counter") ? cql::BatchType::counter : cql::BatchType::logged;
}

}  // namespace

std::string_view write_type_of(const Request::PolicyState& write, std::string_view text) {
    if (write.is_conditional) return "CAS";
    const cql::BatchType type = batch_type_of(text);
    if (write.is_counter || (write.is_batch && type == cql::BatchType::counter)) return "COUNTER";
    if (!write.is_batch) return "SIMPLE";
    return write.is_logged_batch && type != cql::BatchType::unlogged ? "BATCH" : "UNLOGGED_BATCH";
}

bool is_retried_by_drivers(cql::ErrorCode code) {
    switch (code) {
        case cql::ErrorCode::overloaded:
        case cql::ErrorCode::is_bootstrapping:
        case cql::ErrorCode::server_error:
        case cql::ErrorCode::truncate_error:
        case cql::ErrorCode::unavailable:
        case cql::ErrorCode::unprepared:
            return true;  // drivers prepare and execute again: a counter or LWT would run twice
        default:
            return false;
    }
}

}  // namespace crossfade::relay
