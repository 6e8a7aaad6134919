#include "cql/response.hpp"

#include <algorithm>

namespace crossfade::cql {
namespace {

tl::unexpected<base::Error> broken(std::string_view what, const Reader& in) {
    return base::fail(base::ErrorKind::bad_input, std::string(what) + " ends or goes wrong near byte " + std::to_string(in.position()) + " of its body");
}

// Failures: v5 and DSE_V2 send a map of node address to reason, older versions the number.
void read_failures(ProtocolVersion version, Reader& in, ErrorMessage& error) {
    error.failures = in.int_number();
    if (!has_wide_flags(version)) return;
    for (std::int32_t i = 0; i < error.failures && in.ok(); ++i) {
        in.raw(in.byte());
        in.short_number();
    }
}

void read_acknowledgements(Reader& in, ErrorMessage& error) {
    error.consistency = static_cast<Consistency>(in.short_number());
    error.received = in.int_number();
    error.required = in.int_number();
}

// Reads the metadata of rows (§4.2.5.2) behind its flags and column count; with `columns`, also each column.
void read_columns(Reader& in, ByteView body, RowsMetadata& metadata) {
    const std::size_t start = in.position();
    std::string_view keyspace, table;
    if (metadata.has(rows_flag::global_tables_spec)) {
        keyspace = in.string();
        table = in.string();
    }
    // A column takes at least four bytes here: a larger count is a lie, and nothing is allocated for it.
    if (metadata.column_count < 0 || static_cast<std::size_t>(metadata.column_count) > in.remaining() / 4) {
        if (metadata.column_count != 0) in.make_bad();
        return;
    }
    metadata.columns.reserve(static_cast<std::size_t>(metadata.column_count));
    for (std::int32_t i = 0; i < metadata.column_count && in.ok(); ++i) {
        ColumnSpec column;
        column.keyspace = keyspace;
        column.table = table;
        if (!metadata.has(rows_flag::global_tables_spec)) {
            column.keyspace = in.string();
            column.table = in.string();
        }
        column.name = in.string();
        auto type = read_type(in);
        if (!type) {
            in.make_bad();
            return;
        }
        column.type = std::move(*type);
        metadata.columns.push_back(std::move(column));
    }
    if (in.ok()) metadata.specs = body.subspan(start, in.position() - start);
}

void read_rows_metadata_head(ProtocolVersion version, Reader& in, RowsMetadata& metadata) {
    metadata.flags = static_cast<std::uint32_t>(in.int_number());
    metadata.column_count = in.int_number();
    if (metadata.has(rows_flag::has_more_pages)) {
        metadata.paging_state_offset = in.position();
        metadata.paging_state = in.bytes();
    }
    if (has_result_metadata_id(version) && metadata.has(rows_flag::metadata_changed)) metadata.new_metadata_id = in.short_bytes();
}

void write_columns(Writer& out, const std::vector<OwnedColumn>& columns) {
    for (const OwnedColumn& column : columns) {
        out.string(column.keyspace);
        out.string(column.table);
        out.string(column.name);
        write_type(out, *column.type);
    }
}

template <class WriteBody>
void append_response(Bytes& out, std::uint8_t version, std::uint16_t stream_id, Opcode opcode, WriteBody&& write_body) {
    append_frame(out, version, true, 0, stream_id, opcode, std::forward<WriteBody>(write_body));
}

void write_result_kind(Writer& out, ResultKind kind) { out.int_number(static_cast<std::int32_t>(kind)); }

}  // namespace

base::Result<ErrorMessage> parse_error(ProtocolVersion version, ByteView body) {
    Reader in(body);
    ErrorMessage error;
    error.code = static_cast<ErrorCode>(in.int_number());
    error.text = in.string();
    switch (error.code) {
        case ErrorCode::unavailable:
            error.consistency = static_cast<Consistency>(in.short_number());
            error.required = in.int_number();
            error.received = in.int_number();
            break;
        case ErrorCode::write_timeout:
            read_acknowledgements(in, error);
            error.write_type = in.string();
            if (version == ProtocolVersion::v5 && error.write_type == "CAS") error.contentions = in.short_number();
            break;
        case ErrorCode::read_timeout:
            read_acknowledgements(in, error);
            error.data_present = in.byte() != 0;
            break;
        case ErrorCode::read_failure:
            read_acknowledgements(in, error);
            read_failures(version, in, error);
            error.data_present = in.byte() != 0;
            break;
        case ErrorCode::write_failure:
            read_acknowledgements(in, error);
            read_failures(version, in, error);
            error.write_type = in.string();
            break;
        case ErrorCode::cas_write_unknown: read_acknowledgements(in, error); break;
        case ErrorCode::function_failure:
            error.keyspace = in.string();
            error.table = in.string();
            read_string_list(in);
            break;
        case ErrorCode::already_exists:
            error.keyspace = in.string();
            error.table = in.string();
            break;
        case ErrorCode::unprepared: error.unprepared_id = in.short_bytes(); break;
        default: break;
    }
    if (!in.ok()) return broken("ERROR", in);
    return error;
}

void append_error(Bytes& out, std::uint8_t version, std::uint16_t stream_id, const ErrorMessage& error) {
    const auto v = static_cast<ProtocolVersion>(version);
    const std::string_view text = error.text.substr(0, 0xFFFF);
    append_response(out, version, stream_id, Opcode::error, [&](Writer& writer) {
        const auto acknowledgements = [&] {
            writer.short_number(static_cast<std::uint16_t>(error.consistency.value_or(Consistency::one)));
            writer.int_number(error.received);
            writer.int_number(error.required);
        };
        // The reasons by node are not kept: a map has to have as many entries as it says, so v5 gets an empty one.
        const auto failures = [&] { writer.int_number(has_wide_flags(v) ? 0 : error.failures); };
        writer.int_number(static_cast<std::int32_t>(error.code));
        writer.string(text);
        switch (error.code) {
            case ErrorCode::unavailable:
                writer.short_number(static_cast<std::uint16_t>(error.consistency.value_or(Consistency::one)));
                writer.int_number(error.required);
                writer.int_number(error.received);
                break;
            case ErrorCode::write_timeout:
                acknowledgements();
                writer.string(error.write_type);
                if (v == ProtocolVersion::v5 && error.write_type == "CAS") writer.short_number(error.contentions);
                break;
            case ErrorCode::read_timeout:
                acknowledgements();
                writer.byte(error.data_present ? 1 : 0);
                break;
            case ErrorCode::read_failure:
                acknowledgements();
                failures();
                writer.byte(error.data_present ? 1 : 0);
                break;
            case ErrorCode::write_failure:
                acknowledgements();
                failures();
                writer.string(error.write_type);
                break;
            case ErrorCode::cas_write_unknown: acknowledgements(); break;
            case ErrorCode::function_failure:
                writer.string(error.keyspace);
                writer.string(error.table);
                writer.string_list({});
                break;
            case ErrorCode::already_exists:
                writer.string(error.keyspace);
                writer.string(error.table);
                break;
            case ErrorCode::unprepared: writer.short_bytes(error.unprepared_id); break;
            default: break;
        }
    });
}

ResultKind result_kind(ByteView body) {
    Reader in(body);
    const std::int32_t kind = in.int_number();
    return in.ok() && kind >= 1 && kind <= 5 ? static_cast<ResultKind>(kind) : ResultKind::void_result;
}

base::Result<RowsResult> parse_rows_head(ProtocolVersion version, ByteView body) {
    Reader in(body);
    RowsResult result;
    in.int_number();
    read_rows_metadata_head(version, in, result.metadata);
    if (!in.ok()) return broken("RESULT Rows", in);
    return result;
}

base::Result<RowsResult> parse_rows(ProtocolVersion version, ByteView body) {
    Reader in(body);
    RowsResult result;
    in.int_number();
    read_rows_metadata_head(version, in, result.metadata);
    if (!result.metadata.has(rows_flag::no_metadata)) read_columns(in, body, result.metadata);
    result.row_count = in.int_number();
    if (result.row_count < 0 || result.metadata.column_count < 0) in.make_bad();
    if (!in.ok()) return broken("RESULT Rows", in);
    // Each cell takes at least its length: a larger count is a lie.
    const std::size_t least = static_cast<std::size_t>(result.row_count) * static_cast<std::size_t>(result.metadata.column_count) * 4;
    if (in.remaining() < least || (result.metadata.column_count == 0 && result.row_count > 0)) return broken("RESULT Rows", in);
    result.rows = in.rest();
    return result;
}

base::Result<PreparedResult> parse_prepared(ProtocolVersion version, ByteView body) {
    Reader in(body);
    PreparedResult result;
    in.int_number();
    result.id_offset = in.position();
    result.id = in.short_bytes();
    if (has_result_metadata_id(version)) {
        result.result_metadata_id_offset = in.position();
        result.result_metadata_id = in.short_bytes();
    }
    result.variables.flags = static_cast<std::uint32_t>(in.int_number());
    result.variables.column_count = in.int_number();
    if (version != ProtocolVersion::v3) {
        const std::int32_t count = in.int_number();
        for (std::int32_t i = 0; i < count && in.ok(); ++i) result.variables.key_indices.push_back(in.short_number());
    }
    read_columns(in, body, result.variables);
    read_rows_metadata_head(version, in, result.result);
    if (!result.result.has(rows_flag::no_metadata)) read_columns(in, body, result.result);
    if (!in.ok()) return broken("RESULT Prepared", in);
    return result;
}

base::Result<std::string_view> parse_set_keyspace(ByteView body) {
    Reader in(body);
    in.int_number();
    const std::string_view keyspace = in.string();
    if (!in.ok()) return broken("RESULT Set_keyspace", in);
    return keyspace;
}

base::Result<SchemaChange> parse_schema_change(Reader& in) {
    SchemaChange change;
    change.change = in.string();
    change.target = in.string();
    change.keyspace = in.string();
    if (change.target != "KEYSPACE") change.name = in.string();
    if (change.target == "FUNCTION" || change.target == "AGGREGATE") change.arguments = read_string_list(in);
    if (!in.ok()) return broken("a schema change", in);
    return change;
}

base::Result<Event> parse_event(ByteView body) {
    Reader in(body);
    const std::string_view type = in.string();
    Event event;
    if (type == "SCHEMA_CHANGE") {
        event.kind = Event::Kind::schema_change;
        auto schema = parse_schema_change(in);
        if (!schema) return base::fail(schema.error());
        event.schema = std::move(*schema);
        event.change = event.schema.change;
        return event;
    }
    if (type != "TOPOLOGY_CHANGE" && type != "STATUS_CHANGE")
        return base::fail(base::ErrorKind::bad_input, "EVENT of the unknown type '" + std::string(type.substr(0, 40)) + "'");
    event.kind = type == "TOPOLOGY_CHANGE" ? Event::Kind::topology_change : Event::Kind::status_change;
    event.change = in.string();
    const ByteView address = in.raw(in.byte());
    event.port = in.int_number();
    if (!in.ok() || (address.size() != 4 && address.size() != 16)) return broken("EVENT", in);
    if (address.size() == 4) {
        for (std::size_t i = 0; i < 4; ++i) event.address += (i == 0 ? "" : ".") + std::to_string(address[i]);
    } else {
        static constexpr char digits[] = "0123456789abcdef";
        for (std::size_t i = 0; i < 16; ++i) {
            if (i != 0 && i % 2 == 0) event.address += ':';
            event.address += digits[address[i] >> 4U];
            event.address += digits[address[i] & 0xFU];
        }
    }
    return event;
}

base::Result<std::map<std::string, std::vector<std::string>>> parse_supported(ByteView body) {
    Reader in(body);
    auto options = read_string_multimap(in);
    if (!in.ok()) return broken("SUPPORTED", in);
    return options;
}

base::Result<std::string_view> parse_authenticate(ByteView body) {
    Reader in(body);
    const std::string_view name = in.string();
    if (!in.ok()) return broken("AUTHENTICATE", in);
    return name;
}

void append_ready(Bytes& out, std::uint8_t version, std::uint16_t stream_id) {
    append_response(out, version, stream_id, Opcode::ready, [](Writer&) {});
}

void append_authenticate(Bytes& out, std::uint8_t version, std::uint16_t stream_id, std::string_view authenticator) {
    append_response(out, version, stream_id, Opcode::authenticate, [&](Writer& writer) { writer.string(authenticator); });
}

void append_auth_challenge(Bytes& out, std::uint8_t version, std::uint16_t stream_id, ByteView token) {
    append_response(out, version, stream_id, Opcode::auth_challenge, [&](Writer& writer) { writer.bytes(token); });
}

void append_auth_success(Bytes& out, std::uint8_t version, std::uint16_t stream_id, ByteView token) {
    append_response(out, version, stream_id, Opcode::auth_success, [&](Writer& writer) {
        if (token.empty()) writer.null_value(); else writer.bytes(token);
    });
}

void append_supported(Bytes& out, std::uint8_t version, std::uint16_t stream_id, const std::map<std::string, std::vector<std::string>>& options) {
    append_response(out, version, stream_id, Opcode::supported, [&](Writer& writer) {
        writer.short_number(static_cast<std::uint16_t>(options.size()));
        for (const auto& [name, values] : options) {
            writer.string(name);
            writer.string_list(values);
        }
    });
}

void append_void(Bytes& out, std::uint8_t version, std::uint16_t stream_id) {
    append_response(out, version, stream_id, Opcode::result, [](Writer& writer) { write_result_kind(writer, ResultKind::void_result); });
}

void append_set_keyspace(Bytes& out, std::uint8_t version, std::uint16_t stream_id, std::string_view keyspace) {
    append_response(out, version, stream_id, Opcode::result, [&](Writer& writer) {
        write_result_kind(writer, ResultKind::set_keyspace);
        writer.string(keyspace);
    });
}

void append_rows(Bytes& out, ProtocolVersion version, std::uint16_t stream_id, const std::vector<OwnedColumn>& columns,
                 const std::vector<std::vector<std::optional<Bytes>>>& rows) {
    append_response(out, static_cast<std::uint8_t>(version), stream_id, Opcode::result, [&](Writer& writer) {
        write_result_kind(writer, ResultKind::rows);
        writer.int_number(0);
        writer.int_number(static_cast<std::int32_t>(columns.size()));
        write_columns(writer, columns);
        writer.int_number(static_cast<std::int32_t>(rows.size()));
        for (const auto& row : rows)
            for (const auto& cell : row)
                if (cell) writer.bytes(*cell); else writer.null_value();
    });
}

void append_prepared(Bytes& out, ProtocolVersion version, std::uint16_t stream_id, ByteView id, ByteView result_metadata_id,
                     const std::vector<OwnedColumn>& variables, const std::vector<std::uint16_t>& key_indices,
                     const std::vector<OwnedColumn>& result) {
    append_response(out, static_cast<std::uint8_t>(version), stream_id, Opcode::result, [&](Writer& writer) {
        write_result_kind(writer, ResultKind::prepared);
        writer.short_bytes(id);
        if (has_result_metadata_id(version)) writer.short_bytes(result_metadata_id);
        writer.int_number(0);
        writer.int_number(static_cast<std::int32_t>(variables.size()));
        if (version != ProtocolVersion::v3) {
            writer.int_number(static_cast<std::int32_t>(key_indices.size()));
            for (const std::uint16_t index : key_indices) writer.short_number(index);
        }
        write_columns(writer, variables);
        writer.int_number(result.empty() ? static_cast<std::int32_t>(rows_flag::no_metadata) : 0);
        writer.int_number(static_cast<std::int32_t>(result.size()));
        write_columns(writer, result);
    });
}

}  // namespace crossfade::cql
