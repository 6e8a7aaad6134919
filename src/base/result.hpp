// Expected failures are values: a function that can fail returns Result<T>.
#pragma once

#include <cstdint>
#include <string>
#include <tl/expected.hpp>
#include <utility>

namespace crossfade::base {

// What sort of failure it is: what a caller may decide on. The words are for people.
enum class ErrorKind : std::uint8_t {
    bad_input,          // bytes, text or arguments that came from outside are wrong
    bad_configuration,  // the configuration is wrong: exit 30
    protocol,           // the peer broke the native protocol
    connection,         // could not connect, or the connection ended
    authentication,     // the peer refused the credentials
    timeout,            // no answer in time; the outcome is unknown
    unavailable,        // nothing to send it to, and nothing was sent
    server,             // the server answered with an error; `server_code` has its code
    not_found,          // a named thing does not exist
    interrupted,        // somebody asked to stop: exit 75
    internal,           // a defect of this program
};

// One failure. `message` is one sentence that names the thing, what is wrong with it and, where there is one, the next
// step.
struct Error {
    ErrorKind kind = ErrorKind::internal;
    std::string message;
    std::int32_t server_code = 0;  // native protocol error code, for kind server; else 0

    Error() = default;
    Error(ErrorKind error_kind, std::string text, std::int32_t code = 0)
        : kind(error_kind), message(std::move(text)), server_code(code) {}
};

template <class T>
using Result = tl::expected<T, Error>;

// The failing side of a Result: `return fail(ErrorKind::bad_input, "…");`
inline tl::unexpected<Error> fail(ErrorKind kind, std::string message, std::int32_t server_code = 0) {
    return tl::unexpected<Error>(Error(kind, std::move(message), server_code));
}

inline tl::unexpected<Error> fail(Error error) {
    return tl::unexpected<Error>(std::move(error));
}

}  // namespace crossfade::base
