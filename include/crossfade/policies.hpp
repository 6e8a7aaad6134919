// Decisions that an application may take over: whether to try again, whether to ask a second node, how to log in.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "crossfade/error.hpp"
#include "crossfade/values.hpp"

namespace crossfade {

// How a try failed.
enum class FailedTry : std::uint8_t {
    connection_lost,  // whether it was done is not known
    overloaded,       // OVERLOADED or IS_BOOTSTRAPPING: this node did not take it
    unavailable,      // UNAVAILABLE: the coordinator saw too few replicas
    read_timeout,     // READ_TIMEOUT
    write_timeout,    // WRITE_TIMEOUT: whether it was done is not known
};

enum class RetryDecision : std::uint8_t {
    rethrow,    // the caller gets the error
    same_node,  // again, on the same node as long as it is connected
    next_node,  // again, on another node where there is one
    ignore,     // the caller gets an empty result
};

// Asked on the driver's thread, for every session that has it: stateless, or synchronised. Other errors than those of
// FailedTry are never tried again: the answer would be the same. The request's timeout bounds all of its tries.
class RetryPolicy {
public:
    virtual ~RetryPolicy() = default;
    // `tries` have failed so far, this one included. What is not idempotent may be done twice when it is tried again
    // after connection_lost or write_timeout.
    virtual RetryDecision decide(FailedTry how, const Error& error, std::uint32_t tries, bool is_idempotent) const = 0;
};

// Never. Where no policy is set idempotent requests alone are tried again: after a lost connection up to 10 times,
// refused ones on every node once, timed out ones once.
std::shared_ptr<const RetryPolicy> no_retries();

// Asks another node when the first has not answered after `delay`, and again, up to `most` further ones; the first
// answer counts. Idempotent requests alone. The request's timeout ends all of them.
struct SpeculativeExecution {
    std::chrono::milliseconds delay{0};
    std::uint32_t most = 0;  // 0: never

    SpeculativeExecution() = default;
    SpeculativeExecution(std::chrono::milliseconds after, std::uint32_t further) : delay(after), most(further) {}
};

// One login, of one connection (SASL). Called on the driver's thread; must not block. What it throws as Error fails the
// connection.
class Authentication {
public:
    virtual ~Authentication() = default;
    // `authenticator` is the class that the node named. Gives the first token.
    virtual Blob begin(std::string_view authenticator) = 0;
    // Gives the answer to a challenge.
    virtual Blob answer(BlobView challenge) = 0;
    // The node took the login; `token` is what it said with that. Throwing refuses the node.
    virtual void accept(BlobView token) = 0;
};
// Makes one for each connection. Called on the driver's thread.
class Authenticator {
public:
    virtual ~Authenticator() = default;
    // Of one connection, which owns it. Never null; must not throw.
    virtual std::unique_ptr<Authentication> start() = 0;
};

}  // namespace crossfade
