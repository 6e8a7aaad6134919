#include "connect/forward_policy.hpp"

#include <algorithm>

#include "connect/client_users.hpp"
#include "connect/retries.hpp"
#include "relay/arrival.hpp"
#include "relay/edits.hpp"
#include "relay/routing_token.hpp"

namespace crossfade::connect {
namespace {

constexpr const char* password_authenticator = "org.apache.cassandra.auth.PasswordAuthenticator";

// What DSE's drivers send with every graph request (a name of the custom payload).
bool is_graph_request(base::ByteView payload) {
    return base::text_of(payload).find("graph-source") != std::string_view::npos;
}

}  // namespace

ForwardPolicy::ForwardPolicy(const Options& options, relay::Engine& engine)
    : options_(options), engine_(engine), facts_(make_facts({}, options.highest_version)) {}

std::map<std::string, std::vector<std::string>> ForwardPolicy::supported_options() const {
    // PRODUCT_TYPE is among them: by it drivers choose LOCAL_QUORUM with Astra.
    return relay::supported_options(facts_->cluster, facts_->versions);
}

std::string ForwardPolicy::authenticator() const {
    switch (options_.client_login) {
        case ClientLogin::none:
            return {};
        case ClientLogin::users:
            return password_authenticator;
        case ClientLogin::cluster:
            // The credentials are read here as SASL PLAIN, whatever class the cluster names: drivers know this one.
            return facts_->cluster.authenticator.empty() ? std::string() : password_authenticator;
    }
    return {};
}

void ForwardPolicy::login(relay::ClientSession& session, nodes::Credentials credentials,
                          std::function<void(base::Result<void>)> done) {
    if (options_.client_login == ClientLogin::users) {
        done(check_user(options_.client_users, credentials));
        return;
    }
    const relay::PoolKey key{0, std::move(credentials), session.version(), cql::Compression::none};
    engine_.login(key, std::move(done));
}

base::Result<void> ForwardPolicy::on_session_ready(relay::ClientSession& session) {
    const bool uses_own_role = options_.client_login == ClientLogin::cluster;
    if (uses_own_role && !facts_->cluster.was_seen)
        return base::fail(base::ErrorKind::unavailable,
                          "the cluster has not been reached yet, and it decides who may log in; try again later");
    relay::PoolKey key{0, {}, session.version(), cql::Compression::none};
    key.credentials = uses_own_role ? session.credentials() : options_.cluster.credentials;
    relay::Pool& pool = engine_.pool_for(key);
    ++pool.users;
    session.set_pool(0, &pool);
    return {};
}

void ForwardPolicy::on_request(relay::ClientSession& session, const cql::FrameView& frame) {
    relay::Request& request = engine_.open_request(&session, frame.header);
    request.pools[0] = session.pool(0);
    engine_.set_deadline(request, options_.request_timeout);
    if (is_draining_) {
        refuse_unsent(request, "this endpoint is shutting down; try another host");
        engine_.release_if_over(request);
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
            take_prepare(request, arrival);
            break;
    }
    engine_.release_if_over(request);
}

bool ForwardPolicy::is_sure_to_repeat(const relay::Arrival& arrival) const {
    return options_.repeats_graph && is_graph_request(arrival.custom_payload);
}

void ForwardPolicy::note(relay::Request& request, const cql::Statement& statement) const {
    auto& policy = request.policy;
    policy.is_conditional = policy.is_conditional || statement.is_conditional;
    policy.is_counter = policy.is_counter || statement.may_be_counter;
    policy.is_batch = policy.is_batch || statement.verb == cql::Verb::batch;
    policy.is_logged_batch = policy.is_logged_batch || statement.verb == cql::Verb::batch;
    policy.is_repeatable = policy.is_repeatable && is_repeatable(statement);
}

std::optional<cql::Consistency> ForwardPolicy::consistency_instead(cql::Consistency asked) const {
    const auto& unsupported = options_.unsupported_write_consistencies;
    if (std::ranges::find(unsupported, asked) == unsupported.end()) return std::nullopt;
    return options_.write_consistency;
}

void ForwardPolicy::take_query(relay::Request& request, const relay::Arrival& arrival) {
    const auto query = cql::parse_query(request.version, arrival.message());
    if (!query) {
        engine_.answer_error(request, cql::ErrorCode::protocol_error, query.error().message);
        return;
    }
    const cql::Statement statement = cql::classify(query->text);
    const std::string_view keyspace =
        query->parameters.keyspace.empty() ? std::string_view(arrival.session.keyspace()) : query->parameters.keyspace;
    if (statement.verb == cql::Verb::use) {
        begin_use(request, arrival.session, statement.table.keyspace);
        return;
    }
    if (answer_locally(request, arrival.session, statement, query->text, keyspace, query->parameters)) return;
    relay::choose_keyspace(request, arrival.session, !statement.needs_keyspace);
    note(request, statement);
    relay::Edits edits;
    edits.keyspace = relay::added_keyspace(arrival.session, !statement.needs_keyspace);
    if (is_data_write(statement)) edits.consistency = consistency_instead(query->parameters.consistency);
    relay::append_edited_query(request.frame, request.version, arrival.frame.bytes, arrival.message_offset,
                               query->parameters, edits);
    if (is_sure_to_repeat(arrival)) request.policy.is_repeatable = true;
    begin(request, is_read(statement) ? Kind::read : Kind::write);
}

void ForwardPolicy::take_execute(relay::Request& request, const relay::Arrival& arrival) {
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
    if (statement.verb == cql::Verb::use) {
        begin_use(request, arrival.session, statement.table.keyspace);
        return;
    }
    if (answer_locally(request, arrival.session, statement, prepared.text, prepared.keyspace, execute->parameters))
        return;
    relay::note_ids(request, arrival, *execute);
    if (request.pools[0] != nullptr && request.pools[0]->wants_tokens())
        request.wish.token = relay::routing_token(prepared.key_indices, execute->parameters);
    note(request, statement);
    relay::Edits edits;
    if (is_data_write(statement)) edits.consistency = consistency_instead(execute->parameters.consistency);
    relay::append_edited_query(request.frame, request.version, arrival.frame.bytes, arrival.message_offset,
                               execute->parameters, edits);
    if (is_sure_to_repeat(arrival)) request.policy.is_repeatable = true;
    begin(request, is_read(statement) ? Kind::read : Kind::write);
}

void ForwardPolicy::take_batch(relay::Request& request, const relay::Arrival& arrival) {
    const auto batch = cql::parse_batch(request.version, arrival.message());
    if (!batch) {
        engine_.answer_error(request, cql::ErrorCode::protocol_error, batch.error().message);
        return;
    }
    const relay::BatchChildren children = relay::read_children(
        engine_, request, *batch, [&](const cql::Statement& statement, std::string_view) { note(request, statement); });
    if (!children.unknown.empty()) {
        refuse_unprepared(request, children.unknown);
        return;
    }
    relay::note_batch(request, arrival, *batch, children);
    relay::Edits edits;
    edits.keyspace = relay::added_keyspace(arrival.session, !children.needs_keyspace);
    edits.consistency = consistency_instead(batch->consistency);
    relay::append_edited_batch(request.frame, request.version, arrival.frame.bytes, arrival.message_offset, *batch,
                               edits);
    begin(request, Kind::write);
}

void ForwardPolicy::take_prepare(relay::Request& request, const relay::Arrival& arrival) {
    const auto prepare = cql::parse_prepare(request.version, arrival.message());
    if (!prepare) {
        engine_.answer_error(request, cql::ErrorCode::protocol_error, prepare.error().message);
        return;
    }
    relay::append_prepare(request, arrival, *prepare);
    begin(request, Kind::prepare);
}

void ForwardPolicy::begin_use(relay::Request& request, relay::ClientSession& session, std::string keyspace) {
    if (!relay::answer_or_ask_keyspace(engine_, request, session, std::move(keyspace))) begin(request, Kind::use);
}

bool ForwardPolicy::answer_locally(relay::Request& request, relay::ClientSession& session,
                                   const cql::Statement& statement, std::string_view text,
                                   std::string_view session_keyspace, const cql::QueryParameters& parameters) {
    if (statement.verb != cql::Verb::select) return false;
    const std::string_view keyspace =
        statement.table.keyspace.empty() ? session_keyspace : std::string_view(statement.table.keyspace);
    if (keyspace != "system") return false;
    relay::ShownCluster shown{options_.shown, options_.peers};
    if (shown.local.host.empty()) shown.local.host = session.local_host();
    base::ByteView bound;
    if (parameters.value_count > 0 && !parameters.has(cql::query_flag::names_for_values))
        bound = cql::Reader(parameters.values).value().bytes;
    base::Bytes frame;
    const relay::SystemAnswer answer =
        relay::answer_system_query(statement, text, facts_->cluster, shown, bound, request.version, frame);
    if (answer == relay::SystemAnswer::not_ours) return false;
    engine_.answer(request, frame);
    return true;
}

}  // namespace crossfade::connect
