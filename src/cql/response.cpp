#include "cql/response.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <cassert>

namespace crossfade::cql {
namespace {

tl::unexpected<base::Error> broken(std::string_view what, const Reader& in) {
    return base::fail(base::ErrorKind::bad_input, std::string(what) + " ends too early or has a wrong length at byte " +
                                                      std::to_string(in.broken_at()) + " of its body");
}

base::Result<void> expect_kind(Reader& in, ResultKind expected, std::string_view name) {
    const std::int32_t kind = in.int_number();
    if (!in.ok()) return broken(name, in);
    if (kind == static_cast<std::int32_t>(expected)) return {};
    return base::fail(base::ErrorKind::bad_input,
                      "RESULT of kind " + std::to_string(kind) + " where " + std::string(name) + " was expected");
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
    if (has_result_metadata_id(version) && metadata.has(rows_flag::metadata_changed))
        metadata.new_metadata_id = in.short_bytes();
    if (is_dse(version) && metadata.has(rows_flag::continuous_page)) metadata.continuous_page = in.int_number();
}

// The cells of `rows` rows from here on. Walked once, so that a reader of them can never take a cut cell for a null.
ByteView read_cells(Reader& in, ByteView body, std::int32_t rows, std::int32_t columns) {
    const std::size_t start = in.position();
    for (std::int32_t row = 0; row < rows && in.ok(); ++row)
        for (std::int32_t column = 0; column < columns && in.ok(); ++column) in.bytes();
    return in.ok() ? body.subspan(start, in.position() - start) : ByteView();
}

bool are_of_one_table(const std::vector<OwnedColumn>& columns) {
    return !columns.empty() && std::all_of(columns.begin(), columns.end(), [&](const OwnedColumn& column) {
        return column.keyspace == columns[0].keyspace && column.table == columns[0].table;
    });
}

std::int32_t columns_flags(const std::vector<OwnedColumn>& columns) {
    return are_of_one_table(columns) ? static_cast<std::int32_t>(rows_flag::global_tables_spec) : 0;
}

void write_columns(Writer& out, ProtocolVersion version, const std::vector<OwnedColumn>& columns) {
    const bool is_global = are_of_one_table(columns);
    if (is_global) {
        out.string(columns[0].keyspace);
        out.string(columns[0].table);
    }
    for (const OwnedColumn& column : columns) {
        if (!is_global) {
            out.string(column.keyspace);
            out.string(column.table);
        }
        out.string(column.name);
        write_type(out, *column.type, version);
    }
}

void write_schema_change(Writer& out, const SchemaChange& change) {
    out.string(change.change);
    out.string(change.target);
    out.string(change.keyspace);
    if (change.target != "KEYSPACE") out.string(change.name);
    if (change.target == "FUNCTION" || change.target == "AGGREGATE") out.string_list(change.arguments);
}

template <class WriteBody>
void append_response(Bytes& out, std::uint8_t version, std::uint16_t stream_id, Opcode opcode, WriteBody&& write_body) {
    append_frame(out, version, true, 0, stream_id, opcode, std::forward<WriteBody>(write_body));
}

void write_result_kind(Writer& out, ResultKind kind) {
    out.int_number(static_cast<std::int32_t>(kind));
}

}  // namespace

ResultKind result_kind(ByteView body) {
    Reader in(body);
    const std::int32_t kind = in.int_number();
    return in.ok() && kind >= 1 && kind <= 5 ? static_cast<ResultKind>(kind) : ResultKind::void_result;
}

base::Result<RowsResult> parse_rows_head(ProtocolVersion version, ByteView body) {
    Reader in(body);
    RowsResult result;
    if (auto kind = expect_kind(in, ResultKind::rows, "RESULT Rows"); !kind) return base::fail(std::move(kind.error()));
    read_rows_metadata_head(version, in, result.metadata);
    if (!in.ok()) return broken("RESULT Rows", in);
    return result;
}

base::Result<RowsResult> parse_rows(ProtocolVersion version, ByteView body) {
    Reader in(body);
    RowsResult result;
    if (auto kind = expect_kind(in, ResultKind::rows, "RESULT Rows"); !kind) return base::fail(std::move(kind.error()));
    read_rows_metadata_head(version, in, result.metadata);
    if (!result.metadata.has(rows_flag::no_metadata)) read_columns(in, body, result.metadata);
    result.row_count = in.int_number();
    // Rows without columns would be rows without bytes: any number of them.
    if (result.row_count < 0 || result.metadata.column_count < 0 ||
        (result.metadata.column_count == 0 && result.row_count > 0))
        in.make_bad();
    result.rows = read_cells(in, body, result.row_count, result.metadata.column_count);
    if (!in.ok()) return broken("RESULT Rows", in);
    return result;
}

base::Result<PreparedResult> parse_prepared(ProtocolVersion version, ByteView body) {
    Reader in(body);
    PreparedResult result;
    if (auto kind = expect_kind(in, ResultKind::prepared, "RESULT Prepared"); !kind)
        return base::fail(std::move(kind.error()));
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
        if (count < 0) in.make_bad();
        for (std::int32_t i = 0; i < count && in.ok(); ++i) {
            const std::uint16_t index = in.short_number();
            // Consumers index the columns and the values with it.
            if (index >= result.variables.column_count) in.make_bad();
            if (in.ok()) result.variables.key_indices.push_back(index);
        }
    }
    read_columns(in, body, result.variables);
    read_rows_metadata_head(version, in, result.result);
    if (!result.result.has(rows_flag::no_metadata)) read_columns(in, body, result.result);
    if (!in.ok()) return broken("RESULT Prepared", in);
    return result;
}

base::Result<std::string_view> parse_set_keyspace(ByteView body) {
    Reader in(body);
    if (auto kind = expect_kind(in, ResultKind::set_keyspace, "RESULT Set_keyspace"); !kind)
        return base::fail(std::move(kind.error()));
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
        return base::fail(base::ErrorKind::bad_input,
                          "EVENT of the unknown type '" + std::string(type.substr(0, 40)) + "'");
    event.kind = type == "TOPOLOGY_CHANGE" ? Event::Kind::topology_change : Event::Kind::status_change;
    event.change = in.string();
    const ByteView address = in.raw(in.byte());
    event.port = in.int_number();
    if (!in.ok() || (address.size() != 4 && address.size() != 16)) return broken("EVENT", in);
    std::array<char, INET6_ADDRSTRLEN> text{};
    ::inet_ntop(address.size() == 4 ? AF_INET : AF_INET6, address.data(), text.data(), text.size());
    event.address = text.data();
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

base::Result<ByteView> parse_auth_token(ByteView body) {
    Reader in(body);
    const ByteView token = in.bytes();
    if (!in.ok()) return broken("AUTH_CHALLENGE or AUTH_SUCCESS", in);
    return token;
}

void append_ready(Bytes& out, std::uint8_t version, std::uint16_t stream_id) {
    append_response(out, version, stream_id, Opcode::ready, [](Writer&) {});
}

void append_authenticate(Bytes& out, std::uint8_t version, std::uint16_t stream_id, std::string_view authenticator) {
    append_response(out, version, stream_id, Opcode::authenticate,
                    [&](Writer& writer) { writer.string(authenticator); });
}

void append_auth_challenge(Bytes& out, std::uint8_t version, std::uint16_t stream_id, ByteView token) {
    append_response(out, version, stream_id, Opcode::auth_challenge, [&](Writer& writer) { writer.bytes(token); });
}

void append_auth_success(Bytes& out, std::uint8_t version, std::uint16_t stream_id, ByteView token) {
    append_response(out, version, stream_id, Opcode::auth_success, [&](Writer& writer) {
        if (token.empty())
            writer.null_value();
        else
            writer.bytes(token);
    });
}

void append_supported(Bytes& out, std::uint8_t version, std::uint16_t stream_id,
                      const std::map<std::string, std::vector<std::string>>& options) {
    append_response(out, version, stream_id, Opcode::supported, [&](Writer& writer) {
        writer.short_number(static_cast<std::uint16_t>(options.size()));
        for (const auto& [name, values] : options) {
            writer.string(name);
            writer.string_list(values);
        }
    });
}

void append_void(Bytes& out, std::uint8_t version, std::uint16_t stream_id) {
    append_response(out, version, stream_id, Opcode::result,
                    [](Writer& writer) { write_result_kind(writer, ResultKind::void_result); });
}

void append_set_keyspace(Bytes& out, std::uint8_t version, std::uint16_t stream_id, std::string_view keyspace) {
    append_response(out, version, stream_id, Opcode::result, [&](Writer& writer) {
        write_result_kind(writer, ResultKind::set_keyspace);
        writer.string(keyspace);
    });
}

void append_schema_change(Bytes& out, std::uint8_t version, std::uint16_t stream_id, const SchemaChange& change) {
    append_response(out, version, stream_id, Opcode::result, [&](Writer& writer) {
        write_result_kind(writer, ResultKind::schema_change);
        write_schema_change(writer, change);
    });
}

void append_event(Bytes& out, std::uint8_t version, const Event& event) {
    constexpr std::uint16_t no_stream = 0xFFFF;  // -1: nobody asked
    append_response(out, version, no_stream, Opcode::event, [&](Writer& writer) {
        if (event.kind == Event::Kind::schema_change) {
            writer.string("SCHEMA_CHANGE");
            write_schema_change(writer, event.schema);
            return;
        }
        writer.string(event.kind == Event::Kind::topology_change ? "TOPOLOGY_CHANGE" : "STATUS_CHANGE");
        writer.string(event.change);
        std::array<std::uint8_t, 16> address{};
        const bool is_v4 = ::inet_pton(AF_INET, event.address.c_str(), address.data()) == 1;
        if (!is_v4) {
            [[maybe_unused]] const int is_v6 = ::inet_pton(AF_INET6, event.address.c_str(), address.data());
            assert(is_v6 == 1);
        }
        const std::size_t size = is_v4 ? 4 : 16;
        writer.byte(static_cast<std::uint8_t>(size));
        writer.raw(ByteView(address).first(size));
        writer.int_number(event.port);
    });
}

void append_rows(Bytes& out, ProtocolVersion version, std::uint16_t stream_id, const std::vector<OwnedColumn>& columns,
                 const std::vector<std::vector<std::optional<Bytes>>>& rows) {
    append_response(out, static_cast<std::uint8_t>(version), stream_id, Opcode::result, [&](Writer& writer) {
        write_result_kind(writer, ResultKind::rows);
        writer.int_number(columns_flags(columns));
        writer.int_number(static_cast<std::int32_t>(columns.size()));
        write_columns(writer, version, columns);
        writer.int_number(static_cast<std::int32_t>(rows.size()));
        for (const auto& row : rows)
            for (const auto& cell : row)
                if (cell)
                    writer.bytes(*cell);
                else
                    writer.null_value();
    });
}

void append_prepared(Bytes& out, ProtocolVersion version, std::uint16_t stream_id, ByteView id,
                     ByteView result_metadata_id, const std::vector<OwnedColumn>& variables,
                     const std::vector<std::uint16_t>& key_indices, const std::vector<OwnedColumn>& result) {
    append_response(out, static_cast<std::uint8_t>(version), stream_id, Opcode::result, [&](Writer& writer) {
        write_result_kind(writer, ResultKind::prepared);
        writer.short_bytes(id);
        if (has_result_metadata_id(version)) writer.short_bytes(result_metadata_id);
        writer.int_number(columns_flags(variables));
        writer.int_number(static_cast<std::int32_t>(variables.size()));
        if (version != ProtocolVersion::v3) {
            writer.int_number(static_cast<std::int32_t>(key_indices.size()));
            for (const std::uint16_t index : key_indices) writer.short_number(index);
        }
        write_columns(writer, version, variables);
        writer.int_number(result.empty() ? static_cast<std::int32_t>(rows_flag::no_metadata) : columns_flags(result));
        writer.int_number(static_cast<std::int32_t>(result.size()));
        write_columns(writer, version, result);
    });
}

}  // namespace crossfade::cql
