// The read path of DualPolicy: one cluster, again on another node when a connection is lost; USE, which reads whether a
// keyspace exists.
#include "proxy/dual_policy.hpp"
#include "proxy/rehearsal.hpp"

namespace crossfade::proxy {
namespace {

constexpr std::uint8_t most_attempts = 3;

}  // namespace

void DualPolicy::begin_read(relay::Request& request, std::size_t cluster) {
    request.policy.kind = static_cast<std::uint8_t>(Kind::read);
    request.policy.primary = static_cast<std::uint8_t>(cluster);
    counters_.reads.add();
    if (!send_read(request)) engine_.wait_for_room(request, static_cast<std::uint8_t>(1U << cluster));
}

bool DualPolicy::send_read(relay::Request& request) {
    const std::size_t cluster = request.policy.primary;
    if (engine_.has_room(request, cluster)) {
        engine_.send(request, cluster);
        if (phase_.phase == 3 && cluster == origin_cluster && request.legs[cluster].attempts == 1)
            rehearsal_->begin(request);
        return true;
    }
    if (!request.wish.keyspace.empty()) {
        if (const auto error = request.pools[cluster]->keyspace_error(request.wish.keyspace)) {
            engine_.answer_error(request, static_cast<cql::ErrorCode>(error->server_code), error->message);
            return true;
        }
    }
    if (!is_hopeless(request, cluster)) return false;
    const std::string text = std::string(cluster_names[cluster]) + " has no node to ask (" +
                             request.pools[cluster]->last_error() + "); the request was not sent";
    rehearsal_->primary_failed(request);
    refuse_unsent(request, text);
    return true;
}

void DualPolicy::read_answered(relay::Request& request, relay::Leg& leg, const relay::Response& response) {
    if (leg.is_error) {
        const auto error = cql::parse_error(request.version, response.body());
        if (error && error->code == cql::ErrorCode::is_bootstrapping && leg.attempts < most_attempts &&
            engine_.has_room(request, leg.cluster())) {
            counters_.retried.add();
            engine_.send(request, leg.cluster());
            return;
        }
        counters_.read_errors.add();
    }
    rehearsal_->primary_answered(request, response);
    forward(request, leg.cluster(), response.header, response.bytes);
}

void DualPolicy::read_lost(relay::Request& request, relay::Leg& leg, const base::Error& why) {
    if (request.is_answered) return;
    if (request.client == nullptr) {
        rehearsal_->primary_failed(request);
        engine_.answer(request, {});
        return;
    }
    if (leg.attempts < most_attempts) {
        counters_.retried.add();
        leg.state = relay::Leg::State::idle;
        if (!send_read(request)) engine_.wait_for_room(request, static_cast<std::uint8_t>(1U << leg.cluster()));
        return;
    }
    counters_.read_errors.add();
    rehearsal_->primary_failed(request);
    cql::ErrorMessage error;
    error.code = cql::ErrorCode::read_timeout;
    const std::string text = std::string(cluster_names[leg.cluster()]) + ": " + why.message;
    error.text = text;
    error.consistency = cql::Consistency::local_one;
    error.required = 1;
    engine_.answer_error(request, error);
}

void DualPolicy::begin_use(relay::Request& request, relay::ClientSession& session, std::string keyspace) {
    request.policy.kind = static_cast<std::uint8_t>(Kind::use);
    if (relay::answer_or_ask_keyspace(engine_, request, session, std::move(keyspace))) return;
    if (!send_prepare(request)) engine_.wait_for_room(request, static_cast<std::uint8_t>(1U << phase_.primary()));
}

void DualPolicy::settle_use(relay::Request& request, bool is_over_time) {
    if (!legs_have_settled(request, is_over_time, shared_.options.best_effort_wait)) return;
    bool exists = true;
    bool any_answer = false;
    for (std::size_t cluster = 0; cluster < relay::clusters; ++cluster) {
        const relay::Leg& leg = request.legs[cluster];
        if (leg.state != relay::Leg::State::answered) continue;
        if (leg.is_error) {
            forward(request, cluster, leg.header, leg.answer);
            return;
        }
        const auto prefix =
            cql::read_body_prefix(leg.header, base::ByteView(leg.answer).subspan(cql::frame_header_size));
        const auto rows =
            prefix ? cql::parse_rows(request.version,
                                     base::ByteView(leg.answer).subspan(cql::frame_header_size + prefix->size))
                   : base::Result<cql::RowsResult>(base::fail(prefix.error()));
        any_answer = true;
        if (rows && rows->row_count > 0) continue;
        exists = false;
        const std::string text = "Keyspace '" + request.keyspace + "' does not exist" +
                                 (cluster == phase_.primary() ? "" : std::string(" on the ") + cluster_names[cluster]);
        engine_.answer_error(request, cql::ErrorCode::invalid, text);
        return;
    }
    if (!any_answer) {
        refuse_unsent(request, "no cluster could say whether the keyspace exists");
        return;
    }
    if (exists && request.client != nullptr) request.client->set_keyspace(request.keyspace);
    base::Bytes frame;
    cql::append_set_keyspace(frame, static_cast<std::uint8_t>(request.version), 0, request.keyspace);
    engine_.answer(request, frame);
}

}  // namespace crossfade::proxy
