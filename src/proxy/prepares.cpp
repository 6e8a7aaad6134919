// PREPARE through DualPolicy: on both clusters, under an id of the proxy's own.
#include <algorithm>

#include "proxy/dual_policy.hpp"
#include "relay/edits.hpp"
#include "relay/own_ids.hpp"

namespace crossfade::proxy {
namespace {

base::Result<cql::PreparedResult> prepared_of(cql::ProtocolVersion version, const relay::Leg& leg,
                                              std::size_t& message_offset) {
    const base::ByteView body = base::ByteView(leg.answer).subspan(cql::frame_header_size);
    const auto prefix = cql::read_body_prefix(leg.header, body);
    if (!prefix) return base::fail(prefix.error());
    message_offset = cql::frame_header_size + prefix->size;
    return cql::parse_prepared(version, body.subspan(prefix->size));
}

}  // namespace

void DualPolicy::begin_prepare(relay::Request& request, const relay::Arrival& arrival) {
    request.policy.kind = static_cast<std::uint8_t>(Kind::prepare);
    const auto prepare = cql::parse_prepare(request.version, arrival.message());
    if (!prepare) {
        engine_.answer_error(request, cql::ErrorCode::protocol_error, prepare.error().message);
        return;
    }
    counters_.prepares.add();
    relay::append_prepare(request, arrival, *prepare);
    if (!send_prepare(request)) engine_.wait_for_room(request, static_cast<std::uint8_t>(1U << phase_.primary()));
}

// To both where both can be reached; a cluster that is away prepares when its first EXECUTE comes.
bool DualPolicy::send_prepare(relay::Request& request) {
    const std::size_t primary = phase_.primary();
    bool waits = false, any = false;
    for (const std::size_t cluster : {primary, 1 - primary}) {
        relay::Leg& leg = request.legs[cluster];
        if (leg.state == relay::Leg::State::sent || leg.state == relay::Leg::State::answered) {
            any = true;
            continue;
        }
        if (!request.wish.keyspace.empty()) {
            if (const auto error = request.pools[cluster]->keyspace_error(request.wish.keyspace)) {
                engine_.answer_error(request, static_cast<cql::ErrorCode>(error->server_code), error->message);
                return true;
            }
        }
        if (engine_.has_room(request, cluster)) {
            engine_.send(request, cluster);
            any = true;
        } else if (!is_hopeless(request, cluster)) {
            waits = true;
        }
    }
    if (waits) return false;
    if (!any) refuse_unsent(request, "no cluster can be reached; nothing was prepared");
    return true;
}

// What both are asked, and the primary alone can answer: PREPARE and USE. Gives whether it is time to answer. The other
// side is waited for `longest` more after the primary's answer.
bool DualPolicy::legs_have_settled(relay::Request& request, bool is_over_time, std::chrono::milliseconds longest) {
    if (is_over_time) {
        engine_.stop_waiting(request);
        for (relay::Leg& leg : request.legs) engine_.forget(leg);
        return !request.is_answered;
    }
    if (request.is_answered) return false;
    const auto is_out = [](const relay::Leg& leg) {
        return leg.state == relay::Leg::State::sent || leg.state == relay::Leg::State::waiting;
    };
    if (!is_out(request.legs[0]) && !is_out(request.legs[1]) && !engine_.is_waiting(request)) return true;
    if (request.legs[phase_.primary()].state == relay::Leg::State::answered) {
        const auto spent = std::chrono::duration_cast<std::chrono::milliseconds>(engine_.loop_now() - request.started);
        engine_.set_deadline(request, std::min(longest, shared_.options.request_timeout - spent));
    }
    return false;
}

void DualPolicy::settle_prepare(relay::Request& request, bool is_over_time) {
    if (request.is_answered && !is_over_time) return;
    const std::size_t primary = phase_.primary();
    const bool is_read = request.prepared.empty() || request.prepared.front()->statement.verb == cql::Verb::select;
    const bool is_strict_write = !is_read && phase_.write_mode == WriteMode::strict;
    // A side that hangs must not keep drivers, which wait 10 s at most, from preparing: it prepares at its first
    // EXECUTE.
    if (!legs_have_settled(request, is_over_time,
                           is_strict_write ? shared_.options.request_timeout / 2 : shared_.options.best_effort_wait))
        return;
    auto statement = std::make_shared<relay::PreparedStatement>(*request.prepared.front());
    std::size_t answering = relay::clusters;
    for (const std::size_t cluster : {primary, 1 - primary}) {
        relay::Leg& leg = request.legs[cluster];
        if (leg.state != relay::Leg::State::answered) continue;
        if (leg.is_error) {
            // A read, and in best effort a write, needs only the primary: the other side prepares it when its first
            // EXECUTE comes. (A table whose CREATE was answered after best_effort_wait may still be on its way there.)
            if ((is_read || phase_.write_mode != WriteMode::strict) && cluster != primary) continue;
            request.prepared.clear();
            forward(request, cluster, leg.header, leg.answer);
            return;
        }
        std::size_t offset = 0;
        const auto prepared = prepared_of(request.version, leg, offset);
        if (!prepared) {
            engine_.answer_error(request, cql::ErrorCode::server_error, prepared.error().message);
            return;
        }
        relay::note_prepared(*statement, cluster, *prepared);
        if (answering == relay::clusters) answering = cluster;
    }
    if (answering == relay::clusters) {
        refuse_unsent(request, "no cluster answered PREPARE in time");
        return;
    }
    std::size_t offset = 0;
    const relay::Leg& leg = request.legs[answering];
    const auto prepared = prepared_of(request.version, leg, offset);
    base::Bytes frame;
    relay::append_own_prepared(frame, request.version, leg.answer, offset, *prepared, statement->id,
                               statement->on[answering].metadata_id);
    if (!engine_.prepared().put(std::move(statement))) {
        engine_.answer_error(request, cql::ErrorCode::invalid,
                             "another statement has the same id as this one: change its text, by a space, say");
        return;
    }
    engine_.answer(request, frame);
}

}  // namespace crossfade::proxy
