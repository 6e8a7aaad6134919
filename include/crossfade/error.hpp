// What goes wrong, as one exception type, and as a value for those who do not throw.
#pragma once

#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <variant>

namespace crossfade {

// What a program may decide on; the words of an Error are for people.
enum class ErrorCode : std::uint8_t {
    no_rows,            // first_row() of a result without rows
    no_column,          // a column, field or bind marker that does not exist
    type_mismatch,      // a C++ type that does not stand for the column's CQL type
    null_value,         // null read into a type that cannot say so: use std::optional
    bad_value,          // a value that does not fit: a number out of range, text that is no uuid, …
    bad_configuration,  // options that contradict each other, or that the cluster contradicts
    wrong_thread,       // a blocking call on the driver's own thread, where it would wait for itself
    closed,             // the session or cluster was closed
    timeout,            // no answer in time: whether a write was done is not known
    unavailable,        // nothing was sent: no connection, or no room, in time
    connection,         // the connection was lost after sending: whether a write was done is not known
    authentication,     // the cluster refused the login
    protocol,           // an answer that breaks the native protocol
    server,             // the cluster's own error: see Error::server_code()
    internal,           // a defect of this library
};
// "no_rows", "timeout", …
const char* name_of(ErrorCode code) noexcept;

// One sentence that names the thing, what is wrong with it and, where there is one, the next step. Never has a
// password, token or key in it. Copies share the sentence; each may be used and destroyed on any thread.
class Error : public std::exception {
public:
    Error(ErrorCode code, std::string message, std::int32_t server_code = 0)
        : message_(std::make_shared<const std::string>(std::move(message))), code_(code), server_code_(server_code) {}

    // The sentence, as long as this lives.
    const char* what() const noexcept override { return message_ == nullptr ? "" : message_->c_str(); }

    // What to decide on.
    ErrorCode code() const noexcept { return code_; }
    // With code server (and, where the cluster told one, authentication): the native protocol's error code
    // (native_protocol_v5.spec §9), 0x1100 for a write timeout, say; else 0.
    std::int32_t server_code() const noexcept { return server_code_; }

private:
    std::shared_ptr<const std::string> message_;  // null: moved from
    ErrorCode code_;
    std::int32_t server_code_;
};

// A value or an Error: what callbacks get.
template <class T>
class Outcome {
public:
    Outcome(T value) : held_(std::move(value)) {}      // NOLINT(google-explicit-constructor)
    Outcome(Error error) : held_(std::move(error)) {}  // NOLINT(google-explicit-constructor)

    // Whether it is a value.
    bool is_ok() const noexcept { return held_.index() == 0; }
    explicit operator bool() const noexcept { return is_ok(); }
    // Throws the Error when it is one.
    T& value() & {
        throw_error();
        return std::get<0>(held_);
    }
    T&& value() && {
        throw_error();
        return std::get<0>(std::move(held_));
    }
    const T& value() const& {
        throw_error();
        return std::get<0>(held_);
    }
    // Precondition: !is_ok().
    const Error& error() const { return std::get<1>(held_); }

private:
    void throw_error() const {
        if (!is_ok()) throw error();
    }
    std::variant<T, Error> held_;
};

// Called once, on the driver's thread. It must not block, and must not throw: what it throws ends the program.
template <class T>
using Callback = std::function<void(Outcome<T>)>;

}  // namespace crossfade
