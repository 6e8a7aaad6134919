#include "driver/api/error_of.hpp"

namespace crossfade {

const char* name_of(ErrorCode code) noexcept {
    switch (code) {
        case ErrorCode::no_rows:
            return "no_rows";
        case ErrorCode::no_column:
            return "no_column";
        case ErrorCode::type_mismatch:
            return "type_mismatch";
        case ErrorCode::null_value:
            return "null_value";
        case ErrorCode::bad_value:
            return "bad_value";
        case ErrorCode::bad_configuration:
            return "bad_configuration";
        case ErrorCode::wrong_thread:
            return "wrong_thread";
        case ErrorCode::closed:
            return "closed";
        case ErrorCode::timeout:
            return "timeout";
        case ErrorCode::unavailable:
            return "unavailable";
        case ErrorCode::connection:
            return "connection";
        case ErrorCode::authentication:
            return "authentication";
        case ErrorCode::protocol:
            return "protocol";
        case ErrorCode::server:
            return "server";
        case ErrorCode::internal:
            break;
    }
    return "internal";
}

namespace driver {

ErrorCode code_of(base::ErrorKind kind) {
    switch (kind) {
        case base::ErrorKind::bad_input:
        case base::ErrorKind::not_found:
            return ErrorCode::bad_value;
        case base::ErrorKind::bad_configuration:
            return ErrorCode::bad_configuration;
        case base::ErrorKind::protocol:
            return ErrorCode::protocol;
        case base::ErrorKind::connection:
            return ErrorCode::connection;
        case base::ErrorKind::authentication:
            return ErrorCode::authentication;
        case base::ErrorKind::timeout:
            return ErrorCode::timeout;
        case base::ErrorKind::unavailable:
            return ErrorCode::unavailable;
        case base::ErrorKind::server:
            return ErrorCode::server;
        case base::ErrorKind::interrupted:
            return ErrorCode::closed;
        case base::ErrorKind::internal:
            break;
    }
    return ErrorCode::internal;
}

Error error_of(const base::Error& error) {
    return Error(code_of(error.kind), error.message, error.server_code);
}

}  // namespace driver
}  // namespace crossfade
