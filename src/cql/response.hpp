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
    ByteView failure_reasons;     // v5, DSE: raw, `failures` times [inet without port][short]; empty before
    std::string_view write_type;  // "SIMPLE", "BATCH", "UNLOGGED_BATCH", "COUNTER", "BATCH_LOG", "CAS", "VIEW", "CDC"
    bool data_present = false;
    ByteView unprepared_id;
    std::string_view keyspace, table;  // already_exists; function_failure has a keyspace, too
    std::string_view function;         // function_failure
    ByteView argument_types;           // function_failure: raw [string list]
    std::uint16_t contentions = 0;     // write_timeout of CAS, v5
};
// A code outside the list is no error: its text is read, and `code` is its number.
base::Result<ErrorMessage> parse_error(ProtocolVersion version, ByteView body);
// Appends an ERROR frame; parts that the code calls for are written from `error` as parse_error() of that version would
// read them, so an error of one version can be sent on in another: without failure_reasons, where the version has them,
// as many nodes of unknown name and reason are written. A text over 65,535 bytes is cut.
void append_error(Bytes& out, std::uint8_t version, std::uint16_t stream_id, const ErrorMessage& error);

struct ColumnSpec {
    std::string_view keyspace, table, name;
    TypePtr type;
};

// The metadata of Rows and of a PREPARED's variables. Columns are parsed only when asked for.
struct RowsMetadata {
    std::uint32_t flags = 0;  // rows_flag
    std::int32_t column_count = 0;
    ByteView paging_state;
    std::size_t paging_state_offset = 0;     // of its [int] length, from the body's start; 0 when absent
    ByteView new_metadata_id;                // v5, DSE_V2: Rows with metadata_changed
    std::int32_t continuous_page = 0;        // DSE, with the flag: this page's number, from 1
    std::vector<std::uint16_t> key_indices;  // PREPARED only, v4 and up; each less than column_count
    ByteView specs;                          // raw column specs; empty with no_metadata
    std::vector<ColumnSpec> columns;         // filled by the full parsers below
    bool has(std::uint32_t flag) const { return (flags & flag) != 0; }
};

ResultKind result_kind(ByteView body);  // of a RESULT's message; void_result when it is too short

// The parsers below take the message body (behind tracing id, warnings and payload, see read_body_prefix). Errors:
// bad_input with the byte where it broke, or when the RESULT is of another kind. Bytes behind the message are ignored.
struct RowsResult {
    RowsMetadata metadata;
    std::int32_t row_count = 0;
    ByteView rows;  // raw cells: row_count x column_count of [bytes], all of them there
};
base::Result<RowsResult> parse_rows(ProtocolVersion version, ByteView body);  // with columns
// Flags, column count, paging state, ids; no columns, row_count 0, rows empty. Allocates nothing.
base::Result<RowsResult> parse_rows_head(ProtocolVersion version, ByteView body);

struct PreparedResult {
    ByteView id, result_metadata_id;
    RowsMetadata variables, result;
    std::size_t id_offset = 0;                  // of the id's [short] length, from the body's start
    std::size_t result_metadata_id_offset = 0;  // likewise, where it is carried
};
base::Result<PreparedResult> parse_prepared(ProtocolVersion version, ByteView body);

base::Result<std::string_view> parse_set_keyspace(ByteView body);

// SCHEMA_CHANGE as a result's body (behind the kind) or an event's (behind its type).
struct SchemaChange {
    std::string_view change, target, keyspace, name;
    std::vector<std::string> arguments;
};
base::Result<SchemaChange> parse_schema_change(Reader& in);

struct Event {
    enum class Kind : std::uint8_t { topology_change, status_change, schema_change };
    Kind kind = Kind::status_change;
    std::string_view change;  // "NEW_NODE", "UP", …
    std::string address;      // of topology and status: textual IP, as inet_ntop writes it
    std::int32_t port = 0;
    SchemaChange schema;
};
base::Result<Event> parse_event(ByteView body);
base::Result<std::map<std::string, std::vector<std::string>>> parse_supported(ByteView body);
base::Result<std::string_view> parse_authenticate(ByteView body);
base::Result<ByteView> parse_auth_token(ByteView body);  // of AUTH_CHALLENGE and AUTH_SUCCESS; null reads as empty

// Each appends one whole response frame. `version` as in append_frame.
void append_ready(Bytes& out, std::uint8_t version, std::uint16_t stream_id);
void append_authenticate(Bytes& out, std::uint8_t version, std::uint16_t stream_id, std::string_view authenticator);
void append_auth_challenge(Bytes& out, std::uint8_t version, std::uint16_t stream_id, ByteView token);
void append_auth_success(Bytes& out, std::uint8_t version, std::uint16_t stream_id, ByteView token);
void append_supported(Bytes& out, std::uint8_t version, std::uint16_t stream_id,
                      const std::map<std::string, std::vector<std::string>>& options);
void append_void(Bytes& out, std::uint8_t version, std::uint16_t stream_id);
void append_set_keyspace(Bytes& out, std::uint8_t version, std::uint16_t stream_id, std::string_view keyspace);
void append_schema_change(Bytes& out, std::uint8_t version, std::uint16_t stream_id, const SchemaChange& change);
// `event.address` must be a textual IP (asserted).
void append_event(Bytes& out, std::uint8_t version, const Event& event);
struct OwnedColumn {
    std::string keyspace, table, name;
    TypePtr type;
};
// Rows made by us (system.local and the like, stub nodes): cells are owned; nullopt is null.
void append_rows(Bytes& out, ProtocolVersion version, std::uint16_t stream_id, const std::vector<OwnedColumn>& columns,
                 const std::vector<std::vector<std::optional<Bytes>>>& rows);
// PREPARED made by us (intercepted statements, stub nodes).
void append_prepared(Bytes& out, ProtocolVersion version, std::uint16_t stream_id, ByteView id,
                     ByteView result_metadata_id, const std::vector<OwnedColumn>& variables,
                     const std::vector<std::uint16_t>& key_indices, const std::vector<OwnedColumn>& result);

}  // namespace crossfade::cql
