#include "gateway/inspector.hpp"

#include "cql/response.hpp"

namespace crossfade::gateway {
namespace {

Denial denied(Refusal refusal, cql::Statement statement = {}) {
    Denial denial;
    denial.refusal = std::move(refusal);
    denial.statement = std::move(statement);
    return denial;
}

Denial refused(std::string why) {
    return denied({cql::ErrorCode::protocol_error, std::move(why)});
}

}  // namespace

std::optional<Refusal> refuse_second_login(cql::Opcode opcode) {
    if (opcode != cql::Opcode::startup && opcode != cql::Opcode::auth_response) return std::nullopt;
    return Refusal{cql::ErrorCode::protocol_error,
                   "Unexpected message " + std::string(cql::name_of(opcode)) + " on a connection that has logged in"};
}

std::optional<Denial> Inspector::on_request(const cql::FrameHeader& header, std::span<std::uint8_t> frame) {
    // A node would read it by the rules of that version, and not by those it is judged by.
    if (header.version != static_cast<std::uint8_t>(options_.version))
        return refused("Invalid message version. Got " + std::to_string(header.version) +
                       " but previous messages on this connection had version " +
                       std::to_string(static_cast<int>(options_.version)));
    if (header.stream_id < 0) return refused("A request with a negative stream id");
    // Of two statements that are prepared under one stream id either could be taken for the other.
    const auto stream_id = static_cast<std::uint16_t>(header.stream_id);
    if (stream_id < used_streams_.size() && used_streams_[stream_id])
        return refused("Stream id " + std::to_string(stream_id) + " is still in use by a request without an answer");
    if (auto refusal = refuse_second_login(header.opcode)) return denied(std::move(*refusal));
    auto denial = judge_request(header, frame);
    if (denial) return denial;
    if (stream_id >= used_streams_.size()) used_streams_.resize(stream_id + 1U, false);
    used_streams_[stream_id] = true;
    return std::nullopt;
}

std::optional<Denial> Inspector::judge_request(const cql::FrameHeader& header, std::span<std::uint8_t> frame) {
    const auto prefix = cql::read_body_prefix(header, frame.subspan(cql::frame_header_size));
    if (!prefix) return broken(prefix.error());
    const std::span<std::uint8_t> body = frame.subspan(cql::frame_header_size + prefix->size);
    const auto stream_id = static_cast<std::uint16_t>(header.stream_id);
    switch (header.opcode) {
        case cql::Opcode::query:
            return on_query(stream_id, body);
        case cql::Opcode::prepare:
            return on_prepare(stream_id, body);
        case cql::Opcode::execute:
            return on_execute(stream_id, body);
        case cql::Opcode::batch:
            return on_batch(body);
        default:
            return std::nullopt;
    }
}

// What cannot be read cannot be judged. Where nothing is to be judged the node says what is wrong with it.
std::optional<Denial> Inspector::broken(const base::Error& why) const {
    if (!options_.rights.are_limited()) return std::nullopt;
    return refused(why.message);
}

void Inspector::note_table(std::uint16_t stream_id, SystemTable table) {
    if (table != SystemTable::none) notes_[stream_id].table = table;
}

std::optional<Denial> Inspector::on_query(std::uint16_t stream_id, base::ByteView body) {
    const auto query = cql::parse_query(options_.version, body);
    if (!query) return broken(query.error());
    auto judged = judge(options_.rights, query->text, query->parameters.keyspace);
    if (!judged.refusal && judged.is_write)
        judged.refusal = refuse_consistency(options_.rights, query->parameters.consistency);
    if (judged.refusal) return denied(std::move(*judged.refusal), std::move(judged.statement));
    if (is_single()) note_table(stream_id, system_table_of(judged.statement));
    return std::nullopt;
}

std::optional<Denial> Inspector::on_prepare(std::uint16_t stream_id, base::ByteView body) {
    const auto prepare = cql::parse_prepare(options_.version, body);
    if (!prepare) return broken(prepare.error());
    auto judged = judge(options_.rights, prepare->text, prepare->keyspace);
    if (judged.refusal) return denied(std::move(*judged.refusal), std::move(judged.statement));
    notes_[stream_id].prepared = std::make_shared<const JudgedStatement>(std::move(judged));
    return std::nullopt;
}

std::optional<Denial> Inspector::on_execute(std::uint16_t stream_id, std::span<std::uint8_t> body) {
    const auto execute = cql::parse_execute(options_.version, body);
    if (!execute) return broken(execute.error());
    const JudgedPtr judged = statements_.find(options_.whose, execute->prepared_id);
    if (judged == nullptr) {
        if (!options_.rights.are_limited()) return std::nullopt;
        Denial denial = denied({cql::ErrorCode::unprepared, "Prepared query with ID not found by the gateway"});
        denial.unprepared_id.assign(execute->prepared_id.begin(), execute->prepared_id.end());
        return denial;
    }
    if (judged->is_write)
        if (auto refusal = refuse_consistency(options_.rights, execute->parameters.consistency))
            return denied(std::move(*refusal), judged->statement);
    if (auto refusal = refuse_keyspace(options_.rights, execute->parameters.keyspace))
        return denied(std::move(*refusal), judged->statement);
    if (const SystemTable table = system_table_of(judged->statement); is_single() && table != SystemTable::none) {
        note_table(stream_id, table);
        // Cells are replaced by their columns' names, so these have to come with them.
        const std::size_t lowest = execute->parameters.flags_offset + (cql::has_wide_flags(options_.version) ? 3 : 0);
        body[lowest] &= static_cast<std::uint8_t>(~cql::query_flag::skip_metadata);
    }
    return std::nullopt;
}

std::optional<Denial> Inspector::on_batch(base::ByteView body) {
    const Rights& rights = options_.rights;
    if (!rights.are_limited()) return std::nullopt;
    const auto batch = cql::parse_batch(options_.version, body);
    if (!batch) return broken(batch.error());
    cql::Statement whole;
    whole.verb = cql::Verb::batch;
    if (rights.is_read_only) return denied(*judge(rights, "BEGIN BATCH APPLY BATCH", {}).refusal, whole);
    if (auto refusal = refuse_consistency(rights, batch->consistency)) return denied(std::move(*refusal), whole);
    if (auto refusal = refuse_keyspace(rights, batch->keyspace)) return denied(std::move(*refusal), whole);
    std::optional<Denial> denial;
    cql::for_each_child(*batch, [&](const cql::BatchChild& child) {
        if (denial) return;
        if (!child.is_prepared) {
            auto judged = judge(rights, child.text, {});
            if (judged.refusal) denial = denied(std::move(*judged.refusal), std::move(judged.statement));
        } else if (statements_.find(options_.whose, child.prepared_id) == nullptr) {
            denial = denied({cql::ErrorCode::unprepared, "Prepared query with ID not found by the gateway"});
            denial->unprepared_id.assign(child.prepared_id.begin(), child.prepared_id.end());
        }
    });
    return denial;
}

std::optional<std::uint16_t> Inspector::take_unused_stream() {
    constexpr std::size_t streams = 1U << 15U;
    used_streams_.resize(streams, false);
    for (std::size_t id = streams; id-- > 0;) {
        if (used_streams_[id]) continue;
        used_streams_[id] = true;
        return static_cast<std::uint16_t>(id);
    }
    return std::nullopt;
}

bool Inspector::on_answer_header(const cql::FrameHeader& header) {
    if (header.opcode == cql::Opcode::event) return is_single();
    const auto stream_id = static_cast<std::uint16_t>(header.stream_id);
    if (stream_id < used_streams_.size()) used_streams_[stream_id] = false;
    return notes_.contains(stream_id);
}

void Inspector::on_answer(const cql::FrameView& frame, base::Bytes& out) {
    if (is_single() && tells_of_nodes(frame)) return;
    const auto found = notes_.find(static_cast<std::uint16_t>(frame.header.stream_id));
    if (found == notes_.end()) {
        base::append(out, frame.bytes);
        return;
    }
    const Note note = std::move(found->second);
    notes_.erase(found);
    if (note.prepared != nullptr && frame.header.opcode == cql::Opcode::result) {
        const auto prefix = cql::read_body_prefix(frame.header, frame.body());
        const auto prepared = prefix ? cql::parse_prepared(options_.version, frame.body().subspan(prefix->size))
                                     : base::fail(prefix.error());
        if (prepared) statements_.put(options_.whose, prepared->id, note.prepared);
    }
    if (is_single())
        append_as_single_node(note.table, *options_.single_node, frame, out);
    else
        base::append(out, frame.bytes);
}

}  // namespace crossfade::gateway
