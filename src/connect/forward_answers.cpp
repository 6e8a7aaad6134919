// How ForwardPolicy sends a request, again too, and what it gives back to the client.
#include "connect/forward_policy.hpp"
#include "connect/retries.hpp"
#include "relay/own_ids.hpp"
#include "relay/write_type.hpp"

namespace crossfade::connect {
namespace {

// How long a request waits for a cluster that has no connection at all before it is told so: long enough for a
// reconnect, short enough that a driver tries another host in time.
constexpr std::chrono::seconds reconnect_grace{1};

// Where the message of an answer begins, behind tracing id, warnings and payload.
std::size_t message_offset_of(const relay::Response& response) {
    const auto prefix = cql::read_body_prefix(response.header, response.body());
    return cql::frame_header_size + (prefix ? prefix->size : 0);
}

base::Result<cql::ErrorMessage> error_in(cql::ProtocolVersion version, const relay::Response& response) {
    return cql::parse_error(version, base::ByteView(response.bytes).subspan(message_offset_of(response)));
}

// The statement's text, where it has one.
std::string_view text_of(const relay::Request& request) {
    if (request.opcode == cql::Opcode::batch) return {};
    if (!request.prepared.empty()) return request.prepared.front()->text;
    const cql::FrameHeader header = cql::read_frame_header(request.frame.data());
    const base::ByteView body = base::ByteView(request.frame).subspan(cql::frame_header_size);
    const auto prefix = cql::read_body_prefix(header, body);
    if (!prefix) return {};
    const auto query = cql::parse_query(request.version, body.subspan(prefix->size));
    return query ? query->text : std::string_view();
}

}  // namespace

void ForwardPolicy::begin(relay::Request& request, Kind kind) {
    request.policy.kind = static_cast<std::uint8_t>(kind);
    if (kind != Kind::write) request.policy.is_repeatable = true;
    if (!send(request)) engine_.wait_for_room(request, 1);
}

bool ForwardPolicy::send(relay::Request& request) {
    if (engine_.has_room(request, 0)) {
        engine_.send(request, 0);
        return true;
    }
    if (!request.wish.keyspace.empty()) {
        if (const auto error = request.pools[0]->keyspace_error(request.wish.keyspace)) {
            engine_.answer_error(request, static_cast<cql::ErrorCode>(error->server_code), error->message);
            return true;
        }
    }
    if (!is_hopeless(request)) return false;
    const std::string why = "the cluster has no node to ask (" + request.pools[0]->last_error() + ")";
    if (request.legs[0].may_have_run)
        refuse_as_timeout(request, why + "; it may have been executed before");
    else
        refuse_unsent(request, why + "; the request was not sent");
    return true;
}

bool ForwardPolicy::is_hopeless(const relay::Request& request) const {
    const relay::Pool& pool = *request.pools[0];
    if (pool.is_connected() || pool.is_connecting()) return false;
    return engine_.loop_now() - pool.unconnected_since() > reconnect_grace;
}

void ForwardPolicy::on_leg_answered(relay::Request& request, relay::Leg& leg, const relay::Response& response) {
    if (request.is_answered) return;
    if (leg.is_error && request.client != nullptr) {
        const auto error = error_in(request.version, response);
        const Next next = error ? after_error(*error, request.policy.is_repeatable, leg.attempts) : Next::answer;
        if (next != Next::answer) {
            request.wish.not_this = next == Next::other_node ? leg.last : nullptr;
            // No other connection, or no room: the answer that is there is better than waiting for one.
            if (engine_.has_room(request, 0) && (next == Next::again || engine_.found(0) != leg.last)) {
                engine_.send(request, 0);
                return;
            }
        }
        // This try was not executed, but one before it may have been.
        const bool is_write = static_cast<Kind>(request.policy.kind) == Kind::write;
        if (error && is_write && leg.may_have_run && relay::is_retried_by_drivers(error->code)) {
            refuse_as_timeout(request, error->text);
            return;
        }
    }
    switch (static_cast<Kind>(request.policy.kind)) {
        case Kind::prepare:
            take_prepared(request, response);
            break;
        case Kind::use:
            take_keyspace(request, response);
            break;
        default:
            forward(request, response);
            break;
    }
}

void ForwardPolicy::on_leg_lost(relay::Request& request, relay::Leg& leg, const base::Error& why) {
    if (request.is_answered) return;
    if (request.client == nullptr) {
        engine_.answer(request, {});
        return;
    }
    const bool may_go_again = request.policy.is_repeatable || !leg.may_have_run;
    if (may_go_again && leg.attempts < most_attempts) {
        leg.state = relay::Leg::State::idle;
        request.wish.not_this = leg.last;
        if (!send(request)) engine_.wait_for_room(request, 1);
        return;
    }
    if (leg.may_have_run)
        refuse_as_timeout(request, why.message);
    else
        refuse_unsent(request, why.message);
}

void ForwardPolicy::on_deadline(relay::Request& request) {
    engine_.stop_waiting(request);
    engine_.forget(request.legs[0]);
    if (request.legs[0].may_have_run)
        refuse_as_timeout(request, "the cluster did not answer within the request timeout");
    else
        refuse_unsent(request, "no connection had room for the request within the request timeout; it was not sent");
    engine_.release_if_over(request);
}

void ForwardPolicy::forward(relay::Request& request, const relay::Response& response) {
    if (response.header.opcode == cql::Opcode::error) {
        const auto error = error_in(request.version, response);
        // The cluster's id means nothing to the client.
        if (error && error->code == cql::ErrorCode::unprepared && !request.prepared.empty())
            refuse_unprepared(request, request.prepared.front()->id);
        else
            engine_.answer(request, response.bytes);
        return;
    }
    // Almost every answer goes as it came: only Rows whose columns have changed are touched.
    if (!cql::has_result_metadata_id(request.version) || response.header.opcode != cql::Opcode::result) {
        engine_.answer(request, response.bytes);
        return;
    }
    const std::size_t message = message_offset_of(response);
    const base::ByteView frame = response.bytes;
    const bool has_changed =
        frame.size() >= message + 8 &&
        cql::load_int(frame.data() + message) == static_cast<std::uint32_t>(cql::ResultKind::rows) &&
        (cql::load_int(frame.data() + message + 4) & cql::rows_flag::metadata_changed) != 0;
    if (!has_changed) {
        engine_.answer(request, frame);
        return;
    }
    base::Bytes with_own_id;
    engine_.answer(request, relay::with_own_metadata_id(engine_, request, 0, frame, message, with_own_id));
}

void ForwardPolicy::take_prepared(relay::Request& request, const relay::Response& response) {
    if (response.header.opcode == cql::Opcode::error) {
        engine_.answer(request, response.bytes);
        return;
    }
    const std::size_t message = message_offset_of(response);
    const auto prepared = cql::parse_prepared(request.version, base::ByteView(response.bytes).subspan(message));
    if (!prepared) {
        engine_.answer_error(request, cql::ErrorCode::server_error, prepared.error().message);
        return;
    }
    auto statement = std::make_shared<relay::PreparedStatement>(*request.prepared.front());
    relay::note_prepared(*statement, 0, *prepared);
    base::Bytes frame;
    relay::append_own_prepared(frame, request.version, response.bytes, message, *prepared, statement->id,
                               statement->on[0].metadata_id);
    if (!engine_.prepared().put(std::move(statement))) {
        engine_.answer_error(request, cql::ErrorCode::invalid,
                             "another statement has the same id as this one: change its text, by a space, say");
        return;
    }
    engine_.answer(request, frame);
}

void ForwardPolicy::take_keyspace(relay::Request& request, const relay::Response& response) {
    if (response.header.opcode == cql::Opcode::error) {
        engine_.answer(request, response.bytes);
        return;
    }
    const auto rows =
        cql::parse_rows(request.version, base::ByteView(response.bytes).subspan(message_offset_of(response)));
    if (!rows || rows->row_count == 0) {
        engine_.answer_error(request, cql::ErrorCode::invalid, "Keyspace '" + request.keyspace + "' does not exist");
        return;
    }
    if (request.client != nullptr) request.client->set_keyspace(request.keyspace);
    base::Bytes frame;
    cql::append_set_keyspace(frame, static_cast<std::uint8_t>(request.version), 0, request.keyspace);
    engine_.answer(request, frame);
}

void ForwardPolicy::refuse_unprepared(relay::Request& request, base::ByteView id) {
    cql::ErrorMessage error;
    error.code = cql::ErrorCode::unprepared;
    error.text = "This endpoint does not know the prepared statement; prepare it again";
    error.unprepared_id = id;
    engine_.answer_error(request, error);
}

void ForwardPolicy::refuse_unsent(relay::Request& request, std::string_view why) {
    engine_.stop_waiting(request);
    engine_.answer_error(request, cql::ErrorCode::is_bootstrapping, why);
}

void ForwardPolicy::refuse_as_timeout(relay::Request& request, std::string_view why) {
    engine_.stop_waiting(request);
    if (static_cast<Kind>(request.policy.kind) == Kind::prepare) {
        // It changes nothing: whether it was executed does not matter.
        refuse_unsent(request, why);
        return;
    }
    const bool is_write = static_cast<Kind>(request.policy.kind) == Kind::write;
    cql::ErrorMessage error;
    error.code = is_write ? cql::ErrorCode::write_timeout : cql::ErrorCode::read_timeout;
    error.text = why;
    error.consistency = cql::Consistency::local_one;
    error.required = 1;
    if (is_write) error.write_type = relay::write_type_of(request.policy, text_of(request));
    engine_.answer_error(request, error);
}

}  // namespace crossfade::connect
