#include "proxy/dual_policy.hpp"

#include <algorithm>

#include "proxy/paging_mark.hpp"
#include "proxy/rehearsal.hpp"
#include "relay/arrival.hpp"
#include "relay/edits.hpp"
#include "relay/routing_token.hpp"
#include "relay/system_tables.hpp"

namespace crossfade::proxy {
namespace {

// How long a request waits for a cluster that has no connection at all before it is told so: long enough for a
// reconnect, short enough that a driver tries another host in time.
constexpr std::chrono::seconds reconnect_grace{1};

}  // namespace

DualPolicy::DualPolicy(Shared& shared, relay::Engine& engine, Counters& counters)
    : shared_(shared),
      engine_(engine),
      counters_(counters),
      facts_(std::make_shared<Facts>()),
      written_tables_(shared.written_tables),
      rehearsal_(std::make_unique<Rehearsal>(*this)) {
    counters.written_tables = shared.written_tables;
    counters.connected_clients = shared.connected_clients;
}

DualPolicy::~DualPolicy() {
    *alive_ = false;
}

void DualPolicy::set_facts(FactsPtr facts) {
    facts_ = std::move(facts);
}

std::map<std::string, std::vector<std::string>> DualPolicy::supported_options() const {
    // What the primary says, less what the other cannot do.
    const ClusterFacts& primary = facts_->clusters[phase_.primary()];
    return relay::supported_options(primary.was_seen ? primary : facts_->clusters[1 - phase_.primary()],
                                    facts_->versions);
}

std::string DualPolicy::authenticator() const {
    return facts_->clusters[facts_->login_cluster].authenticator;
}

void DualPolicy::login(relay::ClientSession& session, nodes::Credentials credentials,
                       std::function<void(base::Result<void>)> done) {
    const std::size_t owner = facts_->login_cluster;
    const relay::PoolKey key{owner, credentials, session.version(), cql::Compression::none};
    const bool also_other = facts_->other_uses_client_credentials && !facts_->clusters[1 - owner].authenticator.empty();
    if (!also_other) {
        engine_.login(key, std::move(done));
        return;
    }
    const relay::PoolKey other{1 - owner, std::move(credentials), session.version(), cql::Compression::none};
    engine_.login(key, [this, alive = alive_, other, done = std::move(done)](base::Result<void> result) {
        if (!*alive) return;
        if (!result) {
            done(std::move(result));
            return;
        }
        engine_.login(other, done);
    });
}

base::Result<void> DualPolicy::on_session_ready(relay::ClientSession& session) {
    const bool any_configured =
        !shared_.options.origin.credentials.empty() || !shared_.options.target.credentials.empty();
    if (!facts_->clusters[facts_->login_cluster].was_seen && any_configured)
        return base::fail(base::ErrorKind::unavailable,
                          std::string("the ") + cluster_names[facts_->login_cluster] +
                              " has not been reached yet, and it decides who may log in; try another host, or later");
    for (std::size_t cluster = 0; cluster < relay::clusters; ++cluster) {
        const nodes::Credentials& configured =
            cluster == origin_cluster ? shared_.options.origin.credentials : shared_.options.target.credentials;
        const bool is_owner = cluster == facts_->login_cluster;
        const bool needs_login = !facts_->clusters[cluster].authenticator.empty();
        relay::PoolKey key{cluster, {}, session.version(), cql::Compression::none};
        // The configured credentials of the owning side never serve a client (SEMANTICS, Pools).
        if (is_owner || configured.empty())
            key.credentials = session.credentials();
        else
            key.credentials = configured;
        if (needs_login && key.credentials.empty())
            return base::fail(
                base::ErrorKind::authentication,
                std::string(cluster_names[cluster]) + " asks for a login and no credentials are configured for it");
        relay::Pool& pool = engine_.pool_for(key);
        ++pool.users;
        session.set_pool(cluster, &pool);
    }
    note_client(session);
    return {};
}

void DualPolicy::on_request(relay::ClientSession& session, const cql::FrameView& frame) {
    relay::Request& request = engine_.open_request(&session, frame.header);
    for (std::size_t cluster = 0; cluster < relay::clusters; ++cluster) request.pools[cluster] = session.pool(cluster);
    request.policy.primary = static_cast<std::uint8_t>(phase_.primary());
    engine_.set_deadline(request, shared_.options.request_timeout);
    if (is_draining_) {
        refuse_unsent(request, "this proxy is shutting down; try another host");
        engine_.release_if_over(request);  // the stop waits until no request is open
        return;
    }
    const auto read = relay::read_arrival(session, frame);
    if (!read) {
        engine_.answer_error(request, cql::ErrorCode::protocol_error, read.error().message);
        engine_.release_if_over(request);
        return;
    }
    const relay::Arrival& arrival = *read;
    switch (frame.header.opcode) {
        case cql::Opcode::query:
            take_query(request, arrival);
            break;
        case cql::Opcode::execute:
            take_execute(request, arrival);
            break;
        case cql::Opcode::batch:
            take_batch(request, arrival);
            break;
        default:
            begin_prepare(request, arrival);
            break;
    }
    engine_.release_if_over(request);
}

void DualPolicy::take_query(relay::Request& request, const relay::Arrival& arrival) {
    const auto query = cql::parse_query(request.version, arrival.message());
    if (!query) {
        engine_.answer_error(request, cql::ErrorCode::protocol_error, query.error().message);
        return;
    }
    const cql::Statement statement = cql::classify(query->text);
    const std::string_view request_keyspace =
        query->parameters.keyspace.empty() ? std::string_view(arrival.session.keyspace()) : query->parameters.keyspace;
    if (statement.verb == cql::Verb::use) {
        begin_use(request, arrival.session, statement.table.keyspace);
        return;
    }
    if (statement.verb == cql::Verb::select &&
        answer_locally(request, arrival.session, statement, query->text,
                       query->parameters.keyspace.empty() ? arrival.session.keyspace() : query->parameters.keyspace))
        return;
    relay::choose_keyspace(request, arrival.session, !statement.needs_keyspace);
    relay::Edits edits;
    edits.keyspace = relay::added_keyspace(arrival.session, !statement.needs_keyspace);
    const bool is_read = statement.verb == cql::Verb::select || statement.verb == cql::Verb::list ||
                         statement.verb == cql::Verb::describe || statement.verb == cql::Verb::call;
    if (is_read) {
        const auto marked = marked_cluster(query->parameters.paging_state);
        edits.strips_paging_state = marked ? paging_mark_size : 0;
        request.is_later_page = !query->parameters.paging_state.empty();
        relay::append_edited_query(request.frame, request.version, arrival.frame.bytes, arrival.message_offset,
                                   query->parameters, edits);
        begin_read(request, marked.value_or(phase_.primary()));
        return;
    }
    note_repeatability(request, statement, request_keyspace);
    const bool is_data = statement.verb == cql::Verb::insert || statement.verb == cql::Verb::update ||
                         statement.verb == cql::Verb::delete_rows || statement.verb == cql::Verb::batch;
    request.policy.is_batch = statement.verb == cql::Verb::batch;
    request.policy.timestamp = query->parameters.timestamp.value_or(0);
    if (is_data && !statement.is_conditional && !query->parameters.timestamp) {
        if (shared_.options.write_timestamps == WriteTimestamps::inject) {
            request.policy.timestamp = shared_.stamps.next();
            edits.timestamp = request.policy.timestamp;
        } else {
            note_unstamped(statement, request_keyspace);
        }
    }
    relay::append_edited_query(request.frame, request.version, arrival.frame.bytes, arrival.message_offset,
                               query->parameters, edits);
    begin_write(request);
}

void DualPolicy::take_execute(relay::Request& request, const relay::Arrival& arrival) {
    const auto execute = cql::parse_execute(request.version, arrival.message());
    if (!execute) {
        engine_.answer_error(request, cql::ErrorCode::protocol_error, execute.error().message);
        return;
    }
    const relay::PreparedPtr* const found = engine_.prepared().find(execute->prepared_id);
    if (found == nullptr) {
        refuse_unprepared(request, execute->prepared_id);
        return;
    }
    request.prepared.push_back(*found);
    const relay::PreparedStatement& prepared = *request.prepared.front();
    const cql::Statement& statement = prepared.statement;
    relay::note_ids(request, arrival, *execute);
    request.wish.token = relay::routing_token(prepared.key_indices, execute->parameters);
    relay::Edits edits;
    if (statement.verb == cql::Verb::select || statement.verb == cql::Verb::list ||
        statement.verb == cql::Verb::describe) {
        if (answer_locally(request, arrival.session, statement, prepared.text, prepared.keyspace)) return;
        const auto marked = marked_cluster(execute->parameters.paging_state);
        edits.strips_paging_state = marked ? paging_mark_size : 0;
        request.is_later_page = !execute->parameters.paging_state.empty();
        relay::append_edited_query(request.frame, request.version, arrival.frame.bytes, arrival.message_offset,
                                   execute->parameters, edits);
        begin_read(request, marked.value_or(phase_.primary()));
        return;
    }
    if (statement.verb == cql::Verb::use) {
        begin_use(request, arrival.session, statement.table.keyspace);
        return;
    }
    note_repeatability(request, statement, prepared.keyspace);
    request.policy.is_batch = statement.verb == cql::Verb::batch;
    request.policy.timestamp = execute->parameters.timestamp.value_or(0);
    if (!statement.is_conditional && !execute->parameters.timestamp) {
        if (shared_.options.write_timestamps == WriteTimestamps::inject) {
            request.policy.timestamp = shared_.stamps.next();
            edits.timestamp = request.policy.timestamp;
        } else {
            note_unstamped(statement, prepared.keyspace);
        }
    }
    relay::append_edited_query(request.frame, request.version, arrival.frame.bytes, arrival.message_offset,
                               execute->parameters, edits);
    begin_write(request);
}

void DualPolicy::take_batch(relay::Request& request, const relay::Arrival& arrival) {
    const auto batch = cql::parse_batch(request.version, arrival.message());
    if (!batch) {
        engine_.answer_error(request, cql::ErrorCode::protocol_error, batch.error().message);
        return;
    }
    const std::string_view keyspace =
        batch->keyspace.empty() ? std::string_view(arrival.session.keyspace()) : batch->keyspace;
    const relay::BatchChildren children = relay::read_children(
        engine_, request, *batch, [&](const cql::Statement& statement, std::string_view prepared_in) {
            note_repeatability(request, statement, prepared_in.empty() ? keyspace : prepared_in);
        });
    if (!children.unknown.empty()) {
        refuse_unprepared(request, children.unknown);
        return;
    }
    relay::note_batch(request, arrival, *batch, children);
    relay::Edits edits;
    edits.keyspace = relay::added_keyspace(arrival.session, !children.needs_keyspace);
    request.policy.timestamp = batch->timestamp.value_or(0);
    if (!request.policy.is_conditional && !batch->timestamp) {
        if (shared_.options.write_timestamps == WriteTimestamps::inject) {
            request.policy.timestamp = shared_.stamps.next();
            edits.timestamp = request.policy.timestamp;
        } else {
            note_unstamped_children(request, *batch, keyspace);
        }
    }
    relay::append_edited_batch(request.frame, request.version, arrival.frame.bytes, arrival.message_offset, *batch,
                               edits);
    begin_write(request);
}

void DualPolicy::refuse_unprepared(relay::Request& request, base::ByteView id) {
    counters_.unprepared_to_client.add();
    cql::ErrorMessage error;
    error.code = cql::ErrorCode::unprepared;
    error.text = "This proxy does not know the prepared statement; prepare it again";
    error.unprepared_id = id;
    engine_.answer_error(request, error);
}

void DualPolicy::refuse_unsent(relay::Request& request, std::string_view why) {
    counters_.refused_unsent.add();
    engine_.stop_waiting(request);
    engine_.answer_error(request, cql::ErrorCode::is_bootstrapping, why);
}

bool DualPolicy::is_hopeless(const relay::Request& request, std::size_t cluster) const {
    const relay::Pool* const pool = request.pools[cluster];
    return pool == nullptr ||
           (!pool->is_connected() && engine_.loop_now() - pool->unconnected_since() > reconnect_grace);
}

bool DualPolicy::answer_locally(relay::Request& request, relay::ClientSession& session, const cql::Statement& statement,
                                std::string_view text, std::string_view session_keyspace) {
    const std::string_view keyspace =
        statement.table.keyspace.empty() ? session_keyspace : std::string_view(statement.table.keyspace);
    if (keyspace != "system") return false;
    const ClusterFacts& cluster = facts_->clusters[phase_.primary()];
    base::Bytes frame;
    relay::ShownCluster shown;
    shown.local.host = session.local_host();
    shown.local.port = shared_.options.listen.port;
    const relay::SystemAnswer answer =
        relay::answer_system_query(statement, text, cluster.was_seen ? cluster : facts_->clusters[1 - phase_.primary()],
                                   shown, {}, request.version, frame);
    if (answer == relay::SystemAnswer::not_ours) return false;
    counters_.local_answers.add();
    engine_.answer(request, frame);
    return true;
}

void DualPolicy::forward(relay::Request& request, std::size_t cluster, const cql::FrameHeader& header,
                         base::ByteView frame) {
    if (header.opcode == cql::Opcode::error) {
        const auto prefix = cql::read_body_prefix(header, frame.subspan(cql::frame_header_size));
        const auto error = prefix
                               ? cql::parse_error(request.version, frame.subspan(cql::frame_header_size + prefix->size))
                               : base::Result<cql::ErrorMessage>(base::fail(prefix.error()));
        // The cluster's id means nothing to the client.
        if (error && error->code == cql::ErrorCode::unprepared && !request.prepared.empty()) {
            refuse_unprepared(request, request.prepared.front()->id);
            return;
        }
        engine_.answer(request, frame);
        return;
    }
    // Almost every answer goes as it came: only Rows with more pages or changed metadata are touched.
    std::size_t message = cql::frame_header_size;
    if ((header.flags & (cql::frame_flag::tracing | cql::frame_flag::warning | cql::frame_flag::custom_payload)) != 0) {
        const auto prefix = cql::read_body_prefix(header, frame.subspan(cql::frame_header_size));
        if (prefix) message += prefix->size;
    }
    constexpr std::uint32_t touched = cql::rows_flag::has_more_pages | cql::rows_flag::metadata_changed;
    const bool is_rows = header.opcode == cql::Opcode::result && frame.size() >= message + 8 &&
                         cql::load_int(frame.data() + message) == static_cast<std::uint32_t>(cql::ResultKind::rows);
    if (!is_rows || (cql::load_int(frame.data() + message + 4) & touched) == 0) {
        engine_.answer(request, frame);
        return;
    }
    base::Bytes with_own_id;
    if ((cql::load_int(frame.data() + message + 4) & cql::rows_flag::metadata_changed) != 0)
        frame = relay::with_own_metadata_id(engine_, request, cluster, frame, message, with_own_id);
    const auto head = cql::parse_rows_head(request.version, frame.subspan(message));
    if (!head || !head->metadata.has(cql::rows_flag::has_more_pages)) {
        engine_.answer(request, frame);
        return;
    }
    base::Bytes marked;
    append_marked_rows(marked, frame, message, *head, cluster);
    engine_.answer(request, marked);
}

void DualPolicy::on_leg_answered(relay::Request& request, relay::Leg& leg, const relay::Response& response) {
    switch (static_cast<Kind>(request.policy.kind)) {
        case Kind::read:
            read_answered(request, leg, response);
            break;
        case Kind::write:
            write_answered(request, leg, response);
            break;
        case Kind::prepare:
            leg.answer.assign(response.bytes.begin(), response.bytes.end());
            settle_prepare(request, false);
            break;
        case Kind::use:
            leg.answer.assign(response.bytes.begin(), response.bytes.end());
            settle_use(request, false);
            break;
        case Kind::rehearsal:
            rehearsal_->answered(request, leg, response);
            break;
    }
}

void DualPolicy::on_leg_lost(relay::Request& request, relay::Leg& leg, const base::Error& why) {
    switch (static_cast<Kind>(request.policy.kind)) {
        case Kind::read:
            read_lost(request, leg, why);
            break;
        case Kind::write:
            settle_write(request, false, false);
            break;
        case Kind::prepare:
            settle_prepare(request, false);
            break;
        case Kind::use:
            settle_use(request, false);
            break;
        case Kind::rehearsal:
            rehearsal_->lost(request, leg);
            break;
    }
}

bool DualPolicy::on_room(relay::Request& request) {
    switch (static_cast<Kind>(request.policy.kind)) {
        case Kind::read:
            return send_read(request);
        case Kind::write:
            return send_write(request);
        case Kind::prepare:
        case Kind::use:
            return send_prepare(request);
        case Kind::rehearsal:
            return true;
    }
    return true;
}

void DualPolicy::on_deadline(relay::Request& request) {
    engine_.stop_waiting(request);
    switch (static_cast<Kind>(request.policy.kind)) {
        case Kind::read: {
            rehearsal_->primary_failed(request);
            for (relay::Leg& leg : request.legs) engine_.forget(leg);
            const relay::Leg& leg = request.legs[request.policy.primary];
            if (!leg.may_have_run && leg.attempts == 0) {
                refuse_unsent(request,
                              "no connection had room for the request within the request timeout; it was not sent");
                break;
            }
            counters_.read_errors.add();
            cql::ErrorMessage error;
            error.code = cql::ErrorCode::read_timeout;
            const std::string text =
                std::string(cluster_names[request.policy.primary]) + " did not answer within the request timeout";
            error.text = text;
            error.consistency = cql::Consistency::local_one;
            error.required = 1;
            engine_.answer_error(request, error);
            break;
        }
        case Kind::write: {
            if (std::erase(held_, &request) > 0) request.held = 0;
            const auto stage = static_cast<Stage>(request.policy.stage);
            if (stage == Stage::finished) {
                give_up_late_answers(request);
            } else if (stage == Stage::best_effort ||
                       (stage == Stage::waiting && request.policy.is_best_effort && !request.policy.goes_alone)) {
                best_effort_wait_is_over(request);
            } else if (stage == Stage::journaling) {
                journal_is_late(request);
            } else {
                settle_write(request, true, true);
            }
            break;
        }
        case Kind::prepare:
            settle_prepare(request, true);
            break;
        case Kind::use:
            settle_use(request, true);
            break;
        case Kind::rehearsal:
            rehearsal_->over_time(request);
            break;
    }
    engine_.release_if_over(request);
}

}  // namespace crossfade::proxy
