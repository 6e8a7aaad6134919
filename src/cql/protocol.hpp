// The constants of the native protocol (native_protocol_v3.spec, v4, v5; DSE v1 and v2 where they differ).
#pragma once

#include <cstdint>
#include <string_view>

namespace crossfade::cql {

// The version byte of a request, without the direction bit.
enum class ProtocolVersion : std::uint8_t { v3 = 0x03, v4 = 0x04, v5 = 0x05, dse_v1 = 0x41, dse_v2 = 0x42 };

// True for the versions that this library speaks.
bool is_supported(std::uint8_t version_byte);
// "3", "4", "5", "DSE_V1", "DSE_V2".
std::string_view name_of(ProtocolVersion version);

constexpr bool is_dse(ProtocolVersion v) {
    return v == ProtocolVersion::dse_v1 || v == ProtocolVersion::dse_v2;
}
// Whether QUERY, EXECUTE and BATCH flags have 4 bytes (v5, DSE_V1 and DSE_V2) instead of 1.
constexpr bool has_wide_flags(ProtocolVersion v) {
    return v == ProtocolVersion::v5 || is_dse(v);
}
// Whether READ_FAILURE and WRITE_FAILURE tell a reason for each node (v5, DSE_V1 and DSE_V2) instead of a count.
constexpr bool has_failure_reasons(ProtocolVersion v) {
    return v == ProtocolVersion::v5 || is_dse(v);
}
// Whether envelopes travel in checksummed segments after the handshake (v5 only; §2 of its specification).
constexpr bool has_segments(ProtocolVersion v) {
    return v == ProtocolVersion::v5;
}
// Whether QUERY, EXECUTE and BATCH may carry a keyspace, and PREPARE has flags (v5 and DSE_V2).
constexpr bool has_request_keyspace(ProtocolVersion v) {
    return v == ProtocolVersion::v5 || v == ProtocolVersion::dse_v2;
}
// Whether PREPARED and EXECUTE carry a result_metadata_id (v5 and DSE_V2).
constexpr bool has_result_metadata_id(ProtocolVersion v) {
    return has_request_keyspace(v);
}
// Whether QUERY, EXECUTE and BATCH may carry now_in_seconds (v5 only: DSE has it nowhere).
constexpr bool has_now_in_seconds(ProtocolVersion v) {
    return v == ProtocolVersion::v5;
}
// Whether values can be "not set" (-2) and frames can carry warnings and a custom payload.
constexpr bool has_unset(ProtocolVersion v) {
    return v != ProtocolVersion::v3;
}

enum class Opcode : std::uint8_t {
    error = 0x00,
    startup = 0x01,
    ready = 0x02,
    authenticate = 0x03,
    options = 0x05,
    supported = 0x06,
    query = 0x07,
    result = 0x08,
    prepare = 0x09,
    execute = 0x0A,
    register_events = 0x0B,
    event = 0x0C,
    batch = 0x0D,
    auth_challenge = 0x0E,
    auth_response = 0x0F,
    auth_success = 0x10,
    revise_request = 0xFF,  // DSE: cancel or more pages of continuous paging
};
std::string_view name_of(Opcode opcode);

enum class Consistency : std::uint16_t {
    any = 0,
    one = 1,
    two = 2,
    three = 3,
    quorum = 4,
    all = 5,
    local_quorum = 6,
    each_quorum = 7,
    serial = 8,
    local_serial = 9,
    local_one = 10,
};
std::string_view name_of(Consistency consistency);  // "LOCAL_QUORUM"

enum class ErrorCode : std::int32_t {
    server_error = 0x0000,
    protocol_error = 0x000A,
    bad_credentials = 0x0100,
    unavailable = 0x1000,
    overloaded = 0x1001,
    is_bootstrapping = 0x1002,
    truncate_error = 0x1003,
    write_timeout = 0x1100,
    read_timeout = 0x1200,
    read_failure = 0x1300,
    function_failure = 0x1400,
    write_failure = 0x1500,
    cdc_write_failure = 0x1600,
    cas_write_unknown = 0x1700,
    syntax_error = 0x2000,
    unauthorized = 0x2100,
    invalid = 0x2200,
    config_error = 0x2300,
    already_exists = 0x2400,
    unprepared = 0x2500,
    client_write_failure = 0x8000,
};
std::string_view name_of(ErrorCode code);  // "WRITE_TIMEOUT"; "UNKNOWN" for a code outside the list

enum class ResultKind : std::int32_t { void_result = 1, rows = 2, set_keyspace = 3, prepared = 4, schema_change = 5 };

// Flags of the frame header (§2.2).
namespace frame_flag {
constexpr std::uint8_t compressed = 0x01, tracing = 0x02, custom_payload = 0x04, warning = 0x08, beta = 0x10;
}
// Flags of query parameters (§4.1.4); BATCH uses those from serial_consistency on. The last two are DSE's only.
namespace query_flag {
constexpr std::uint32_t values = 0x01, skip_metadata = 0x02, page_size = 0x04, paging_state = 0x08,
                        serial_consistency = 0x10, default_timestamp = 0x20, names_for_values = 0x40, keyspace = 0x80,
                        now_in_seconds = 0x100, page_size_in_bytes = 0x40000000, continuous_paging = 0x80000000;
}
// Flags of PREPARE (v5, DSE_V2).
namespace prepare_flag {
constexpr std::uint32_t keyspace = 0x01;
}
// Flags of rows metadata (§4.2.5.2). The last two are DSE's only.
namespace rows_flag {
constexpr std::uint32_t global_tables_spec = 0x01, has_more_pages = 0x02, no_metadata = 0x04, metadata_changed = 0x08,
                        continuous_page = 0x40000000, last_continuous_page = 0x80000000;
}

// Sizes that the product refuses to exceed (SEMANTICS, Backpressure).
constexpr std::uint32_t largest_frame = 256U * 1024U * 1024U;
constexpr std::uint32_t largest_frame_before_login = 64U * 1024U;

}  // namespace crossfade::cql
