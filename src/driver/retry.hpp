// Whether a request that failed is tried again. Pure.
#pragma once

#include <cstdint>
#include <optional>

#include "base/result.hpp"

namespace crossfade::driver {

// How a try failed, as far as trying again depends on it.
enum class Failure : std::uint8_t {
    lost,           // the connection ended: the outcome is unknown
    overloaded,     // OVERLOADED, IS_BOOTSTRAPPING: this node did not take it
    unavailable,    // UNAVAILABLE: this coordinator saw too few replicas
    read_timeout,   // READ_TIMEOUT
    write_timeout,  // WRITE_TIMEOUT: the outcome is unknown
};
// Nothing for errors that another try would only repeat.
std::optional<Failure> failure_of(const base::Error& error);

enum class RetryVerdict : std::uint8_t { give_up, same_node, next_node, ignore };

// What to do after a try failed, for callers who want something else than Retries. Stateless; any thread.
class RetryRule {
public:
    virtual ~RetryRule() = default;
    // `tries` have failed so far, this one included.
    virtual RetryVerdict after(const base::Error& error, Failure failure, std::uint32_t tries,
                               bool is_idempotent) const = 0;
};

// The tries of one request. Only idempotent ones are repeated: lost ones up to most_lost times, anywhere; refused ones
// on a node that was not asked yet, so never with one node; timed out ones once.
class Retries {
public:
    static constexpr std::uint32_t most_lost = 10;

    explicit Retries(bool is_idempotent) : is_idempotent_(is_idempotent) {}
    // A try has failed, of `nodes` that are connected. Gives whether to try again, on another node where there is one.
    bool again(Failure failure, std::size_t nodes);
    std::uint32_t count() const { return lost_ + refused_ + timeouts_; }

private:
    bool is_idempotent_;
    std::uint32_t lost_ = 0, refused_ = 0, timeouts_ = 0;
};

}  // namespace crossfade::driver
