// Errors, asked for or not, and statements that define something: the rest of RequestHandler.
#include <algorithm>
#include <array>

#include "cql/tokenizer.hpp"
#include "stub_node/request_handler.hpp"

namespace crossfade::lab {

using cql::ErrorCode;

RequestHandler::Fault RequestHandler::next_fault(bool is_write) {
    Behaviour& behaviour = node_.behaviour;
    const auto close = static_cast<std::uint64_t>(behaviour.close_every.load(std::memory_order_relaxed));
    const auto silent = static_cast<std::uint64_t>(behaviour.never_answer_every.load(std::memory_order_relaxed));
    const auto error = static_cast<std::uint64_t>(behaviour.error_every.load(std::memory_order_relaxed));
    if ((close | silent | error) == 0) return Fault::none;
    const auto scope = static_cast<FaultScope>(behaviour.faults_on.load(std::memory_order_relaxed));
    if (scope != FaultScope::all && (scope == FaultScope::writes) != is_write) return Fault::none;
    const std::uint64_t number = behaviour.fault_requests.fetch_add(1, std::memory_order_relaxed) + 1;
    if (close != 0 && number % close == 0) {
        ++counts_.closed;
        return Fault::close;
    }
    if (silent != 0 && number % silent == 0) {
        ++counts_.unanswered;
        return Fault::silent;
    }
    return error != 0 && number % error == 0 ? Fault::error : Fault::none;
}

Outcome RequestHandler::inject_error(Call& call, bool is_write, cql::Consistency consistency) {
    ++counts_.injected_errors;
    cql::ErrorMessage message;
    message.code = static_cast<ErrorCode>(node_.behaviour.error_code.load(std::memory_order_relaxed));
    message.text = "the stub node was told to answer so";
    message.consistency = consistency;
    message.required = 1;
    message.failures = message.code == ErrorCode::read_failure || message.code == ErrorCode::write_failure ? 1 : 0;
    message.write_type = call.request.opcode == cql::Opcode::batch ? "BATCH" : "SIMPLE";
    message.keyspace = "stub";
    message.table = is_write ? "kv" : "";
    cql::append_error(call.out, call.version(), call.request.stream_id, message);
    return Outcome::answered;
}

Outcome RequestHandler::error(Call& call, ErrorCode code, std::string_view text) {
    ++counts_.errors;
    cql::ErrorMessage message;
    message.code = code;
    message.text = text;
    cql::append_error(call.out, call.version(), call.request.stream_id, message);
    return Outcome::answered;
}

Outcome RequestHandler::error(Call& call, const base::Error& why) {
    return error(
        call, why.kind == base::ErrorKind::server ? static_cast<ErrorCode>(why.server_code) : ErrorCode::server_error,
        why.message);
}

Outcome RequestHandler::unprepared(Call& call, base::ByteView id) {
    ++counts_.unprepared;
    cql::ErrorMessage message;
    message.code = ErrorCode::unprepared;
    message.text =
        "Prepared query not found (either the query was not prepared on this host (maybe the host has been restarted?) "
        "or you have "
        "prepared too many queries and it has been evicted from the internal cache)";
    message.unprepared_id = id;
    cql::append_error(call.out, call.version(), call.request.stream_id, message);
    return Outcome::answered;
}

// CREATE, ALTER and DROP change nothing here, but are answered as a server would.
Outcome RequestHandler::change_schema(Call& call, const KnownStatement& known) {
    ++counts_.schema_changes;
    cql::Tokenizer words(known.text);
    const cql::Lexeme verb = words.next();
    cql::Lexeme what = words.next();
    if (what.is_word("or")) words.next(), what = words.next();  // OR REPLACE
    constexpr std::array<std::pair<std::string_view, std::string_view>, 10> targets{{{"keyspace", "KEYSPACE"},
                                                                                     {"schema", "KEYSPACE"},
                                                                                     {"table", "TABLE"},
                                                                                     {"columnfamily", "TABLE"},
                                                                                     {"materialized", "TABLE"},
                                                                                     {"index", "TABLE"},
                                                                                     {"custom", "TABLE"},
                                                                                     {"type", "TYPE"},
                                                                                     {"function", "FUNCTION"},
                                                                                     {"aggregate", "AGGREGATE"}}};
    const auto target =
        std::find_if(targets.begin(), targets.end(), [&what](const auto& pair) { return what.is_word(pair.first); });
    if (target == targets.end()) {  // roles, permissions, triggers
        cql::append_void(call.out, call.version(), call.request.stream_id);
        return Outcome::answered;
    }
    cql::SchemaChange change;
    const bool is_dependent = target->first == "index" || target->first == "custom";
    change.change = is_dependent             ? "UPDATED"
                    : verb.is_word("create") ? "CREATED"
                    : verb.is_word("drop")   ? "DROPPED"
                                             : "UPDATED";
    change.target = target->second;
    change.keyspace = known.table.keyspace;
    change.name = known.table.table;
    cql::append_schema_change(call.out, call.version(), call.request.stream_id, change);
    return Outcome::answered;
}

}  // namespace crossfade::lab
