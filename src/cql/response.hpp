// Responses as views on their bytes, and writing them (§4.2 of every version; error bodies §9 of v5).
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cql/frame.hpp"
#include "cql/type.hpp"

namespace crossfade::cql {

// An ERROR message. Which of the optional parts are filled depends on the code (§9).
struct ErrorMessage {
    ErrorCode code = ErrorCode::server_error;
    std::string_view text;
    std::optional<Consistency> consistency;
    std::int32_t received = 0, required = 0, failures = 0;  // unavailable: required and alive (as received)
    std::string_view write_type;                            // "SIMPLE", "BATCH", "UNLOGGED_BATCH", "COUNTER", "BATCH_LOG", "CAS", "VIEW", "CDC"
    bool data_present = false;
    ByteView unprepared_id;
    std::string_view keyspace, table;                       // already_exists
    std::uint16_t contentions = 0;                          // write_timeout of CAS, v5
};
base::Result<ErrorMessage> parse_error(ProtocolVersion version, ByteView body);
// Appends an ERROR frame; parts that the code calls for are written from `error` as parse_error() would read them.
void append_error(Bytes& out, std::uint8_t version, std::uint16_t stream_id, const ErrorMessage& error);

struct ColumnSpec { std::string_view keyspace, table, name; TypePtr type; };

// The metadata of Rows and of a PREPARED's variables. Columns are parsed only when asked for.
struct RowsMetadata {
    std::uint32_t flags = 0;  // rows_flag
    std::int32_t column_count = 0;
    ByteView paging_state;
    std::size_t paging_state_offset = 0;  // of its [int] length, from the body's start; 0 when absent
    ByteView new_metadata_id;
    std::vector<std::uint16_t> key_indices;  // PREPARED only, v4 and up
    ByteView specs;                          // raw column specs; empty with no_metadata
    std::vector<ColumnSpec> columns;         // filled by the full parsers below
    bool has(std::uint32_t flag) const { return (flags & flag) != 0; }
};

ResultKind result_kind(ByteView body);  // of a RESULT's message; void_result when it is too short

struct RowsResult {
    RowsMetadata metadata;
    std::int32_t row_count = 0;
    ByteView rows;  // raw cells: row_count x column_count of [bytes]
};
base::Result<RowsResult> parse_rows(ProtocolVersion version, ByteView body);       // with columns
base::Result<RowsResult> parse_rows_head(ProtocolVersion version, ByteView body);  // flags, paging state, ids, no columns; rows empty; allocates nothing

struct PreparedResult {
    ByteView id, result_metadata_id;
    RowsMetadata variables, result;
    std::size_t id_offset = 0;                   // of the id's [short] length, from the body's start
    std::size_t result_metadata_id_offset = 0;   // likewise, where it is carried
};
base::Result<PreparedResult> parse_prepared(ProtocolVersion version, ByteView body);

base::Result<std::string_view> parse_set_keyspace(ByteView body);

// SCHEMA_CHANGE as a result's body (behind the kind) or an event's (behind its type).
struct SchemaChange { std::string_view change, target, keyspace, name; std::vector<std::string> arguments; };
base::Result<SchemaChange> parse_schema_change(Reader& in);

struct Event {
    enum class Kind : std::uint8_t { topology_change, status_change, schema_change };
    Kind kind = Kind::status_change;
    std::string_view change;        // "NEW_NODE", "UP", …
    std::string address;            // of topology and status: textual IP
    std::int32_t port = 0;
    SchemaChange schema;
};
base::Result<Event> parse_event(ByteView body);
base::Result<std::map<std::string, std::vector<std::string>>> parse_supported(ByteView body);
base::Result<std::string_view> parse_authenticate(ByteView body);

// Each appends one whole response frame. `version` as in append_frame.
void append_ready(Bytes& out, std::uint8_t version, std::uint16_t stream_id);
void append_authenticate(Bytes& out, std::uint8_t version, std::uint16_t stream_id, std::string_view authenticator);
void append_auth_challenge(Bytes& out, std::uint8_t version, std::uint16_t stream_id, ByteView token);
void append_auth_success(Bytes& out, std::uint8_t version, std::uint16_t stream_id, ByteView token);
void append_supported(Bytes& out, std::uint8_t version, std::uint16_t stream_id, const std::map<std::string, std::vector<std::string>>& options);
void append_void(Bytes& out, std::uint8_t version, std::uint16_t stream_id);
void append_set_keyspace(Bytes& out, std::uint8_t version, std::uint16_t stream_id, std::string_view keyspace);
struct OwnedColumn { std::string keyspace, table, name; TypePtr type; };
// Rows made by us (system.local and the like, stub nodes): cells are owned; nullopt is null.
void append_rows(Bytes& out, ProtocolVersion version, std::uint16_t stream_id, const std::vector<OwnedColumn>& columns,
                 const std::vector<std::vector<std::optional<Bytes>>>& rows);
// PREPARED made by us (intercepted statements, stub nodes).
void append_prepared(Bytes& out, ProtocolVersion version, std::uint16_t stream_id, ByteView id, ByteView result_metadata_id,
                     const std::vector<OwnedColumn>& variables, const std::vector<std::uint16_t>& key_indices,
                     const std::vector<OwnedColumn>& result);

}  // namespace crossfade::cql
