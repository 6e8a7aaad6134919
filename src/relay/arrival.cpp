#include "relay/arrival.hpp"

#include <algorithm>

#include "relay/edits.hpp"
#include "relay/own_ids.hpp"

namespace crossfade::relay {

base::Result<Arrival> read_arrival(ClientSession& session, const cql::FrameView& frame) {
    Arrival arrival{session, frame, cql::frame_header_size, {}};
    if ((frame.header.flags & cql::frame_flag::custom_payload) == 0) return arrival;
    const auto prefix = cql::read_body_prefix(frame.header, frame.body());
    if (!prefix) return base::fail(prefix.error());
    arrival.message_offset += prefix->size;
    arrival.custom_payload = prefix->custom_payload;
    return arrival;
}

void choose_keyspace(Request& request, const ClientSession& session, bool is_qualified) {
    if (is_qualified || session.keyspace().empty() || cql::has_request_keyspace(request.version)) return;
    request.keyspace = session.keyspace();
    request.wish.keyspace = request.keyspace;
}

std::string_view added_keyspace(const ClientSession& session, bool is_qualified) {
    if (is_qualified || !cql::has_request_keyspace(session.version())) return {};
    return session.keyspace();
}

void note_ids(Request& request, const Arrival& arrival, const cql::ExecuteRequest& execute) {
    request.ids_offset = arrival.message_offset;
    request.ids_size = 2 + execute.prepared_id.size() +
                       (cql::has_result_metadata_id(request.version) ? 2 + execute.result_metadata_id.size() : 0);
    if (execute.result_metadata_id.size() == request.client_metadata_id.size())
        std::ranges::copy(execute.result_metadata_id, request.client_metadata_id.begin());
    else
        request.client_metadata_id = {};
}

void note_batch(Request& request, const Arrival& arrival, const cql::BatchRequest& batch,
                const BatchChildren& children) {
    request.ids_offset = arrival.message_offset;
    request.policy.is_batch = true;
    request.policy.is_logged_batch = batch.type == cql::BatchType::logged;
    if (batch.type == cql::BatchType::counter) {
        request.policy.is_counter = true;
        request.policy.is_repeatable = false;
    }
    choose_keyspace(request, arrival.session, !children.needs_keyspace);
}

void append_prepare(Request& request, const Arrival& arrival, const cql::PrepareRequest& prepare) {
    auto statement = std::make_shared<PreparedStatement>();
    statement->text = prepare.text;
    statement->statement = cql::classify(prepare.text);
    const bool is_qualified = !statement->statement.needs_keyspace;
    if (!is_qualified)
        statement->keyspace = prepare.keyspace.empty() ? arrival.session.keyspace() : std::string(prepare.keyspace);
    statement->id = digest_of(statement->text, statement->keyspace);
    choose_keyspace(request, arrival.session, is_qualified);
    append_edited_prepare(request.frame, request.version, arrival.frame.bytes, arrival.message_offset, prepare,
                          added_keyspace(arrival.session, is_qualified));
    request.prepared.push_back(std::move(statement));
}

bool answer_or_ask_keyspace(Engine& engine, Request& request, ClientSession& session, std::string keyspace) {
    request.keyspace = std::move(keyspace);
    if (cql::is_system_keyspace(request.keyspace)) {
        // Local and virtual keyspaces are in no schema table of their own.
        session.set_keyspace(request.keyspace);
        base::Bytes frame;
        cql::append_set_keyspace(frame, static_cast<std::uint8_t>(request.version), 0, request.keyspace);
        engine.answer(request, frame);
        return true;
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
    return false;
}

base::ByteView with_own_metadata_id(Engine& engine, const Request& request, std::size_t cluster, base::ByteView frame,
                                    std::size_t message_offset, base::Bytes& out) {
    const auto rows = cql::parse_rows(request.version, frame.subspan(message_offset));
    if (!rows || rows->metadata.new_metadata_id.empty()) return frame;
    const base::ByteView of_cluster = rows->metadata.new_metadata_id;
    const PreparedId own = digest_of_columns(rows->metadata);
    if (!request.prepared.empty()) {
        auto renewed = std::make_shared<PreparedStatement>(*request.prepared.front());
        renewed->on[cluster].result_metadata_id.assign(of_cluster.begin(), of_cluster.end());
        renewed->on[cluster].metadata_id = own;
        engine.prepared().put(std::move(renewed));
    }
    append_own_metadata_id(out, frame, of_cluster, own);
    return out;
}

std::map<std::string, std::vector<std::string>> supported_options(const ClusterFacts& cluster,
                                                                  const std::vector<cql::ProtocolVersion>& versions) {
    auto options = cluster.supported;
    options["COMPRESSION"] = {"lz4", "snappy"};
    std::vector<std::string> names;
    for (auto version = versions.rbegin(); version != versions.rend(); ++version)
        names.push_back(std::to_string(static_cast<int>(*version)) + "/v" + std::string(cql::name_of(*version)));
    options["PROTOCOL_VERSIONS"] = names;
    if (options["CQL_VERSION"].empty()) options["CQL_VERSION"] = {"3.4.5"};
    return options;
}

}  // namespace crossfade::relay
