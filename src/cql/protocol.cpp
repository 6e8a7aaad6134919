#include "cql/protocol.hpp"

namespace crossfade::cql {

bool is_supported(std::uint8_t version_byte) {
    switch (static_cast<ProtocolVersion>(version_byte)) {
        case ProtocolVersion::v3:
        case ProtocolVersion::v4:
        case ProtocolVersion::v5:
        case ProtocolVersion::dse_v1:
        case ProtocolVersion::dse_v2:
            return true;
    }
    return false;
}

std::string_view name_of(ProtocolVersion version) {
    switch (version) {
        case ProtocolVersion::v3:
            return "3";
        case ProtocolVersion::v4:
            return "4";
        case ProtocolVersion::v5:
            return "5";
        case ProtocolVersion::dse_v1:
            return "DSE_V1";
        case ProtocolVersion::dse_v2:
            return "DSE_V2";
    }
    return "unknown";
}

std::string_view name_of(Opcode opcode) {
    switch (opcode) {
        case Opcode::error:
            return "ERROR";
        case Opcode::startup:
            return "STARTUP";
        case Opcode::ready:
            return "READY";
        case Opcode::authenticate:
            return "AUTHENTICATE";
        case Opcode::options:
            return "OPTIONS";
        case Opcode::supported:
            return "SUPPORTED";
        case Opcode::query:
            return "QUERY";
        case Opcode::result:
            return "RESULT";
        case Opcode::prepare:
            return "PREPARE";
        case Opcode::execute:
            return "EXECUTE";
        case Opcode::register_events:
            return "REGISTER";
        case Opcode::event:
            return "EVENT";
        case Opcode::batch:
            return "BATCH";
        case Opcode::auth_challenge:
            return "AUTH_CHALLENGE";
        case Opcode::auth_response:
            return "AUTH_RESPONSE";
        case Opcode::auth_success:
            return "AUTH_SUCCESS";
        case Opcode::revise_request:
            return "REVISE_REQUEST";
    }
    return "UNKNOWN";
}

std::string_view name_of(Consistency consistency) {
    static constexpr std::string_view names[] = {"ANY",    "ONE",          "TWO",          "THREE",
                                                 "QUORUM", "ALL",          "LOCAL_QUORUM", "EACH_QUORUM",
                                                 "SERIAL", "LOCAL_SERIAL", "LOCAL_ONE"};
    const auto index = static_cast<std::size_t>(consistency);
    return index < std::size(names) ? names[index] : "UNKNOWN";
}

std::string_view name_of(ErrorCode code) {
    switch (code) {
        case ErrorCode::server_error:
            return "SERVER_ERROR";
        case ErrorCode::protocol_error:
            return "PROTOCOL_ERROR";
        case ErrorCode::bad_credentials:
            return "BAD_CREDENTIALS";
        case ErrorCode::unavailable:
            return "UNAVAILABLE";
        case ErrorCode::overloaded:
            return "OVERLOADED";
        case ErrorCode::is_bootstrapping:
            return "IS_BOOTSTRAPPING";
        case ErrorCode::truncate_error:
            return "TRUNCATE_ERROR";
        case ErrorCode::write_timeout:
            return "WRITE_TIMEOUT";
        case ErrorCode::read_timeout:
            return "READ_TIMEOUT";
        case ErrorCode::read_failure:
            return "READ_FAILURE";
        case ErrorCode::function_failure:
            return "FUNCTION_FAILURE";
        case ErrorCode::write_failure:
            return "WRITE_FAILURE";
        case ErrorCode::cdc_write_failure:
            return "CDC_WRITE_FAILURE";
        case ErrorCode::cas_write_unknown:
            return "CAS_WRITE_UNKNOWN";
        case ErrorCode::syntax_error:
            return "SYNTAX_ERROR";
        case ErrorCode::unauthorized:
            return "UNAUTHORIZED";
        case ErrorCode::invalid:
            return "INVALID";
        case ErrorCode::config_error:
            return "CONFIG_ERROR";
        case ErrorCode::already_exists:
            return "ALREADY_EXISTS";
        case ErrorCode::unprepared:
            return "UNPREPARED";
        case ErrorCode::client_write_failure:
            return "CLIENT_WRITE_FAILURE";
    }
    return "UNKNOWN";
}

}  // namespace crossfade::cql
