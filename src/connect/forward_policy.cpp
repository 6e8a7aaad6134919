#include "connect/forward_policy.hpp"

#include <algorithm>

#include "connect/client_users.hpp"
#include "connect/retries.hpp"
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
    auto options = facts_->cluster.supported;
    options["COMPRESSION"] = {"lz4", "snappy"};
    std::vector<std::string> versions;
    for (auto version = facts_->versions.rbegin(); version != facts_->versions.rend(); ++version)
        versions.push_back(std::to_string(static_cast<int>(*version)) + "/v" + std::string(cql::name_of(*version)));
    options["PROTOCOL_VERSIONS"] = versions;
    if (options["CQL_VERSION"].empty()) options["CQL_VERSION"] = {"3.4.5"};
    return options;
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
    Arrival arrival{session, frame, cql::frame_header_size, false};
    if (is_draining_) {
        refuse_unsent(request, "this endpoint is shutting down; try another host");
        engine_.release_if_over(request);
        return;
    }
    if ((frame.header.flags & cql::frame_flag::custom_payload) != 0) {
        const auto prefix = cql::read_body_prefix(frame.header, frame.body());
        if (!prefix) {
            refuse(request, cql::ErrorCode::protocol_error, prefix.error().message);
            engine_.release_if_over(request);
            return;
        }
        arrival.message_offset += prefix->size;
        arrival.is_sure_to_repeat = options_.repeats_graph && is_graph_request(prefix->custom_payload);
    }
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

// In v3 and v4 an unqualified text gets its meaning from the connection it goes over; in v5 the keyspace goes into the
// request.
void ForwardPolicy::choose_keyspace(relay::Request& request, const relay::ClientSession& session,
                                    bool is_qualified) const {
    if (is_qualified || session.keyspace().empty() || cql::has_request_keyspace(request.version)) return;
    request.keyspace = session.keyspace();
    request.wish.keyspace = request.keyspace;
}

std::string_view ForwardPolicy::added_keyspace(const relay::ClientSession& session, bool is_qualified) const {
    if (is_qualified || !cql::has_request_keyspace(session.version())) return {};
    return session.keyspace();
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

void ForwardPolicy::take_query(relay::Request& request, const Arrival& arrival) {
    const auto query = cql::parse_query(request.version, arrival.message());
    if (!query) {
        refuse(request, cql::ErrorCode::protocol_error, query.error().message);
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
    choose_keyspace(request, arrival.session, !statement.needs_keyspace);
    note(request, statement);
    relay::Edits edits;
    edits.keyspace = added_keyspace(arrival.session, !statement.needs_keyspace);
    if (is_data_write(statement)) edits.consistency = consistency_instead(query->parameters.consistency);
    relay::append_edited_query(request.frame, request.version, arrival.frame.bytes, arrival.message_offset,
                               query->parameters, edits);
    if (arrival.is_sure_to_repeat) request.policy.is_repeatable = true;
    begin(request, is_read(statement) ? Kind::read : Kind::write);
}

void ForwardPolicy::take_execute(relay::Request& request, const Arrival& arrival) {
    const auto execute = cql::parse_execute(request.version, arrival.message());
    if (!execute) {
        refuse(request, cql::ErrorCode::protocol_error, execute.error().message);
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
    request.ids_offset = arrival.message_offset;
    request.ids_size = 2 + execute->prepared_id.size() +
                       (cql::has_result_metadata_id(request.version) ? 2 + execute->result_metadata_id.size() : 0);
    if (execute->result_metadata_id.size() == request.client_metadata_id.size())
        std::ranges::copy(execute->result_metadata_id, request.client_metadata_id.begin());
    else
        request.client_metadata_id = {};
    if (request.pools[0] != nullptr && request.pools[0]->wants_tokens())
        request.wish.token = relay::routing_token(prepared.key_indices, execute->parameters);
    note(request, statement);
    relay::Edits edits;
    if (is_data_write(statement)) edits.consistency = consistency_instead(execute->parameters.consistency);
    relay::append_edited_query(request.frame, request.version, arrival.frame.bytes, arrival.message_offset,
                               execute->parameters, edits);
    if (arrival.is_sure_to_repeat) request.policy.is_repeatable = true;
    begin(request, is_read(statement) ? Kind::read : Kind::write);
}

void ForwardPolicy::take_batch(relay::Request& request, const Arrival& arrival) {
    const auto batch = cql::parse_batch(request.version, arrival.message());
    if (!batch) {
        refuse(request, cql::ErrorCode::protocol_error, batch.error().message);
        return;
    }
    base::ByteView unknown;
    bool needs_keyspace = false;
    cql::for_each_child(*batch, [&](const cql::BatchChild& child) {
        if (!child.is_prepared) {
            const cql::Statement statement = cql::classify(child.text);
            needs_keyspace = needs_keyspace || statement.needs_keyspace;
            note(request, statement);
            return;
        }
        const relay::PreparedPtr* const found = engine_.prepared().find(child.prepared_id);
        if (found == nullptr) {
            if (unknown.empty()) unknown = child.prepared_id;
            return;
        }
        request.prepared.push_back(*found);
        note(request, (*found)->statement);
    });
    if (!unknown.empty()) {
        refuse_unprepared(request, unknown);
        return;
    }
    request.ids_offset = arrival.message_offset;
    request.policy.is_batch = true;
    request.policy.is_logged_batch = batch->type == cql::BatchType::logged;
    if (batch->type == cql::BatchType::counter) request.policy.is_counter = true, request.policy.is_repeatable = false;
    choose_keyspace(request, arrival.session, !needs_keyspace);
    relay::Edits edits;
    edits.keyspace = added_keyspace(arrival.session, !needs_keyspace);
    edits.consistency = consistency_instead(batch->consistency);
    relay::append_edited_batch(request.frame, request.version, arrival.frame.bytes, arrival.message_offset, *batch,
                               edits);
    begin(request, Kind::write);
}

void ForwardPolicy::take_prepare(relay::Request& request, const Arrival& arrival) {
    const auto prepare = cql::parse_prepare(request.version, arrival.message());
    if (!prepare) {
        refuse(request, cql::ErrorCode::protocol_error, prepare.error().message);
        return;
    }
    auto statement = std::make_shared<relay::PreparedStatement>();
    statement->text = prepare->text;
    statement->statement = cql::classify(prepare->text);
    const bool is_qualified = !statement->statement.needs_keyspace;
    if (!is_qualified)
        statement->keyspace = prepare->keyspace.empty() ? arrival.session.keyspace() : std::string(prepare->keyspace);
    statement->id = relay::digest_of(statement->text, statement->keyspace);
    choose_keyspace(request, arrival.session, is_qualified);
    relay::append_edited_prepare(request.frame, request.version, arrival.frame.bytes, arrival.message_offset, *prepare,
                                 added_keyspace(arrival.session, is_qualified));
    request.prepared.push_back(std::move(statement));
    begin(request, Kind::prepare);
}

// The keyspace belongs to the client connection: no backend connection is USEd for this, the cluster is only asked
// whether it exists.
void ForwardPolicy::begin_use(relay::Request& request, relay::ClientSession& session, std::string keyspace) {
    request.keyspace = std::move(keyspace);
    if (cql::is_system_keyspace(request.keyspace)) {
        // Local and virtual keyspaces are in no schema table of their own.
        session.set_keyspace(request.keyspace);
        base::Bytes frame;
        cql::append_set_keyspace(frame, static_cast<std::uint8_t>(request.version), 0, request.keyspace);
        engine_.answer(request, frame);
        return;
    }
    std::string literal;
    for (const char c : request.keyspace) literal += c == '\'' ? std::string("''") : std::string(1, c);
    cql::QueryOptions options;
    options.consistency = cql::Consistency::one;
    request.opcode = cql::Opcode::query;
    request.prepared.clear();
    cql::append_query(request.frame, request.version, 0,
                      "SELECT keyspace_name FROM system_schema.keyspaces WHERE keyspace_name = '" + literal + "'",
                      options);
    begin(request, Kind::use);
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
