#include "cql/request.hpp"

namespace crossfade::cql {
namespace {

tl::unexpected<base::Error> broken(std::string_view message, const Reader& in) {
    return base::fail(base::ErrorKind::bad_input, std::string(message) +
                                                      " ends too early or has a wrong length at byte " +
                                                      std::to_string(in.broken_at()) + " of its body");
}

std::uint32_t read_flags(ProtocolVersion version, Reader& in) {
    return has_wide_flags(version) ? static_cast<std::uint32_t>(in.int_number()) : in.byte();
}

// Steps over DSE's continuous paging options: [int] pages at most, [int] pages a second and, in v2, [int] pages ahead.
void skip_continuous_paging(ProtocolVersion version, Reader& in) {
    in.raw(version == ProtocolVersion::dse_v2 ? 12 : 8);
}

// Of QUERY, EXECUTE and BATCH: servers read a batch's tail with the same code, also parameters that a batch has no use
// for (BatchMessage and QueryOptions of Cassandra 4.1 and 5.0), so only this finds the same place for the timestamp.
QueryParameters read_parameters(ProtocolVersion version, Reader& in, ByteView body) {
    QueryParameters p;
    p.consistency_offset = in.position();
    p.consistency = static_cast<Consistency>(in.short_number());
    p.flags_offset = in.position();
    p.flags = read_flags(version, in);
    if (p.has(query_flag::values)) {
        p.value_count = in.short_number();
        const std::size_t start = in.position();
        for (std::uint16_t i = 0; i < p.value_count && in.ok(); ++i) {
            if (p.has(query_flag::names_for_values)) in.string();
            in.value();
        }
        if (in.ok()) p.values = body.subspan(start, in.position() - start);
    }
    if (p.has(query_flag::page_size)) p.page_size = in.int_number();
    if (p.has(query_flag::paging_state)) {
        p.paging_state_offset = in.position();
        p.paging_state = in.bytes();
    }
    if (p.has(query_flag::serial_consistency)) p.serial_consistency = static_cast<Consistency>(in.short_number());
    p.timestamp_offset = in.position();
    if (p.has(query_flag::default_timestamp)) p.timestamp = in.long_number();
    if (has_request_keyspace(version) && p.has(query_flag::keyspace)) p.keyspace = in.string();
    if (has_now_in_seconds(version) && p.has(query_flag::now_in_seconds)) p.now_in_seconds = in.int_number();
    if (is_dse(version) && p.has(query_flag::continuous_paging)) skip_continuous_paging(version, in);
    return p;
}

void write_flags(Writer& out, ProtocolVersion v, std::uint32_t flags) {
    if (has_wide_flags(v))
        out.int_number(static_cast<std::int32_t>(flags));
    else
        out.byte(static_cast<std::uint8_t>(flags));
}

// The tail that QUERY, EXECUTE and BATCH share.
void write_tail(Writer& out, std::uint32_t flags, const QueryOptions& options) {
    if ((flags & query_flag::serial_consistency) != 0)
        out.short_number(static_cast<std::uint16_t>(*options.serial_consistency));
    if ((flags & query_flag::default_timestamp) != 0) out.long_number(*options.timestamp);
    if ((flags & query_flag::keyspace) != 0) out.string(options.keyspace);
    if ((flags & query_flag::now_in_seconds) != 0) out.int_number(*options.now_in_seconds);
}

std::uint32_t tail_flags(ProtocolVersion v, const QueryOptions& options) {
    std::uint32_t flags = 0;
    if (options.serial_consistency) flags |= query_flag::serial_consistency;
    if (options.timestamp) flags |= query_flag::default_timestamp;
    if (!options.keyspace.empty() && has_request_keyspace(v)) flags |= query_flag::keyspace;
    if (options.now_in_seconds && has_now_in_seconds(v)) flags |= query_flag::now_in_seconds;
    return flags;
}

void write_parameters(Writer& out, ProtocolVersion v, const QueryOptions& options) {
    std::uint32_t flags = tail_flags(v, options);
    if (!options.values.empty()) flags |= query_flag::values;
    const bool has_names = !options.names.empty();
    if (has_names) flags |= query_flag::names_for_values;
    if (options.skip_metadata) flags |= query_flag::skip_metadata;
    if (options.page_size) flags |= query_flag::page_size;
    if (!options.paging_state.empty()) flags |= query_flag::paging_state;
    out.short_number(static_cast<std::uint16_t>(options.consistency));
    write_flags(out, v, flags);
    if (!options.values.empty()) {
        out.short_number(static_cast<std::uint16_t>(options.values.size()));
        for (std::size_t i = 0; i < options.values.size(); ++i) {
            if (has_names) out.string(options.names[i]);
            out.value(options.values[i]);
        }
    }
    if (options.page_size) out.int_number(*options.page_size);
    if (!options.paging_state.empty()) out.bytes(options.paging_state);
    write_tail(out, flags, options);
}

template <class WriteBody>
void append_request(Bytes& out, ProtocolVersion v, std::uint16_t stream_id, Opcode opcode, WriteBody&& write_body) {
    append_frame(out, static_cast<std::uint8_t>(v), false, 0, stream_id, opcode, std::forward<WriteBody>(write_body));
}

}  // namespace

base::Result<QueryRequest> parse_query(ProtocolVersion version, ByteView body) {
    Reader in(body);
    QueryRequest request;
    request.text = in.long_string();
    request.parameters = read_parameters(version, in, body);
    if (!in.ok()) return broken("QUERY", in);
    return request;
}

base::Result<PrepareRequest> parse_prepare(ProtocolVersion version, ByteView body) {
    Reader in(body);
    PrepareRequest request;
    request.text = in.long_string();
    if (has_request_keyspace(version)) {
        const auto flags = static_cast<std::uint32_t>(in.int_number());
        if ((flags & prepare_flag::keyspace) != 0) request.keyspace = in.string();
    }
    if (!in.ok()) return broken("PREPARE", in);
    return request;
}

base::Result<ExecuteRequest> parse_execute(ProtocolVersion version, ByteView body) {
    Reader in(body);
    ExecuteRequest request;
    request.prepared_id = in.short_bytes();
    if (has_result_metadata_id(version)) request.result_metadata_id = in.short_bytes();
    request.parameters = read_parameters(version, in, body);
    if (!in.ok()) return broken("EXECUTE", in);
    return request;
}

base::Result<BatchRequest> parse_batch(ProtocolVersion version, ByteView body) {
    Reader in(body);
    BatchRequest request;
    const std::uint8_t type = in.byte();
    if (type > static_cast<std::uint8_t>(BatchType::counter))
        return base::fail(base::ErrorKind::bad_input,
                          "BATCH has the unknown type " + std::to_string(type) + " at byte 0 of its body");
    request.type = static_cast<BatchType>(type);
    request.child_count = in.short_number();
    request.children_offset = in.position();
    for (std::uint16_t i = 0; i < request.child_count && in.ok(); ++i) {
        const std::size_t at = in.position();
        const std::uint8_t kind = in.byte();
        if (kind > 1)
            return base::fail(base::ErrorKind::bad_input, "BATCH has a statement of the unknown kind " +
                                                              std::to_string(kind) + " at byte " + std::to_string(at) +
                                                              " of its body");
        if (kind == 1)
            in.short_bytes();
        else
            in.long_string();
        const std::uint16_t count = in.short_number();
        for (std::uint16_t v = 0; v < count && in.ok(); ++v) in.value();
    }
    if (in.ok()) request.children = body.subspan(request.children_offset, in.position() - request.children_offset);
    const QueryParameters tail = read_parameters(version, in, body);
    if (!in.ok()) return broken("BATCH", in);
    request.consistency = tail.consistency;
    request.consistency_offset = tail.consistency_offset;
    request.flags = tail.flags;
    request.flags_offset = tail.flags_offset;
    request.serial_consistency = tail.serial_consistency;
    request.timestamp = tail.timestamp;
    request.timestamp_offset = tail.timestamp_offset;
    request.keyspace = tail.keyspace;
    request.now_in_seconds = tail.now_in_seconds;
    return request;
}

base::Result<std::vector<std::pair<std::string, std::string>>> parse_startup(ByteView body) {
    Reader in(body);
    auto options = read_string_map(in);
    if (!in.ok()) return broken("STARTUP", in);
    return options;
}

base::Result<std::vector<std::string>> parse_register(ByteView body) {
    Reader in(body);
    auto events = read_string_list(in);
    if (!in.ok()) return broken("REGISTER", in);
    return events;
}

base::Result<ByteView> parse_auth_response(ByteView body) {
    Reader in(body);
    const ValueView token = in.value();
    if (token.is_unset())
        return base::fail(base::ErrorKind::bad_input, "AUTH_RESPONSE has a token of length -2 at byte 0 of its body");
    if (!in.ok()) return broken("AUTH_RESPONSE", in);
    return token.bytes;
}

base::Result<ReviseRequest> parse_revise(ProtocolVersion version, ByteView body) {
    Reader in(body);
    ReviseRequest request;
    const std::int32_t kind = in.int_number();
    request.stream_id_offset = in.position();
    request.stream_id = in.int_number();
    if (in.ok() && kind != 1 && kind != 2)
        return base::fail(base::ErrorKind::bad_input,
                          "REVISE_REQUEST has the unknown type " + std::to_string(kind) + " at byte 0 of its body");
    request.kind = static_cast<ReviseRequest::Kind>(kind);
    if (kind == 2 && version == ProtocolVersion::dse_v2) request.more_pages = in.int_number();
    if (!in.ok()) return broken("REVISE_REQUEST", in);
    return request;
}

void append_startup(Bytes& out, ProtocolVersion v, std::uint16_t stream_id,
                    const std::vector<std::pair<std::string, std::string>>& options) {
    append_request(out, v, stream_id, Opcode::startup, [&](Writer& writer) { writer.string_map(options); });
}

void append_options(Bytes& out, ProtocolVersion v, std::uint16_t stream_id) {
    append_request(out, v, stream_id, Opcode::options, [](Writer&) {});
}

void append_register(Bytes& out, ProtocolVersion v, std::uint16_t stream_id, const std::vector<std::string>& events) {
    append_request(out, v, stream_id, Opcode::register_events, [&](Writer& writer) { writer.string_list(events); });
}

void append_auth_response(Bytes& out, ProtocolVersion v, std::uint16_t stream_id, ByteView token) {
    append_request(out, v, stream_id, Opcode::auth_response, [&](Writer& writer) { writer.bytes(token); });
}

void append_query(Bytes& out, ProtocolVersion v, std::uint16_t stream_id, std::string_view text,
                  const QueryOptions& options) {
    append_request(out, v, stream_id, Opcode::query, [&](Writer& writer) {
        writer.long_string(text);
        write_parameters(writer, v, options);
    });
}

void append_prepare(Bytes& out, ProtocolVersion v, std::uint16_t stream_id, std::string_view text,
                    std::string_view keyspace) {
    append_request(out, v, stream_id, Opcode::prepare, [&](Writer& writer) {
        writer.long_string(text);
        if (!has_request_keyspace(v)) return;
        writer.int_number(keyspace.empty() ? 0 : static_cast<std::int32_t>(prepare_flag::keyspace));
        if (!keyspace.empty()) writer.string(keyspace);
    });
}

void append_execute(Bytes& out, ProtocolVersion v, std::uint16_t stream_id, ByteView prepared_id,
                    ByteView result_metadata_id, const QueryOptions& options) {
    append_request(out, v, stream_id, Opcode::execute, [&](Writer& writer) {
        writer.short_bytes(prepared_id);
        if (has_result_metadata_id(v)) writer.short_bytes(result_metadata_id);
        write_parameters(writer, v, options);
    });
}

void append_batch(Bytes& out, ProtocolVersion v, std::uint16_t stream_id, BatchType type,
                  const std::vector<BatchItem>& items, const QueryOptions& options) {
    append_request(out, v, stream_id, Opcode::batch, [&](Writer& writer) {
        writer.byte(static_cast<std::uint8_t>(type));
        writer.short_number(static_cast<std::uint16_t>(items.size()));
        for (const BatchItem& item : items) {
            writer.byte(item.prepared_id.empty() ? 0 : 1);
            if (item.prepared_id.empty())
                writer.long_string(item.text);
            else
                writer.short_bytes(item.prepared_id);
            writer.short_number(static_cast<std::uint16_t>(item.values.size()));
            for (const ValueView& value : item.values) writer.value(value);
        }
        writer.short_number(static_cast<std::uint16_t>(options.consistency));
        const std::uint32_t flags = tail_flags(v, options);
        write_flags(writer, v, flags);
        write_tail(writer, flags, options);
    });
}

}  // namespace crossfade::cql
