// What two clusters' outcomes of one write mean: which answer the client gets and what the journal must hold
// (SEMANTICS, Write modes, Answers, Journal). Pure.
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "cql/protocol.hpp"
#include "proxy/options.hpp"

namespace crossfade::proxy {

enum class Outcome : std::uint8_t {
    pending,   // sent, no answer yet
    not_sent,  // never handed to a connection
    ok,
    refused,  // answered with an error that means "not executed"
    failed,   // answered with an error after which it may have been executed
    unknown,  // the connection ended or the time is over
};

// Whether an error answer to a write means that it was certainly not executed.
bool means_not_executed(cql::ErrorCode code);

// Sides of the journal as bits.
constexpr std::uint8_t origin_side = 1, target_side = 2;

// Which sides an entry must name; 0: no entry. Index 0 is the origin, 1 the target; `pending` counts as unknown.
std::uint8_t sides_to_repair(const std::array<Outcome, 2>& outcomes);

struct Verdict {
    enum class Kind : std::uint8_t {
        wait,                 // nothing can be said yet
        wait_best_effort,     // the primary succeeded: wait for the other at most best_effort_wait
        success,              // the primary's answer
        error_of,             // the answer of `cluster` as it came
        error_of_as_timeout,  // WRITE_TIMEOUT with the text of `cluster`'s error
        timeout,              // WRITE_TIMEOUT: the outcome at `cluster` is unknown
        not_executed,         // IS_BOOTSTRAPPING: sent to neither
    };
    Kind kind = Kind::wait;
    std::size_t cluster = 0;
    std::uint8_t journal_sides = 0;
};

// What is known of one write. `codes` count where an outcome is refused or failed.
struct WriteState {
    std::array<Outcome, 2> outcomes{};
    std::array<cql::ErrorCode, 2> codes{};
    std::size_t primary = 0;
    bool is_best_effort = false;  // for the side that is not primary
    bool is_over_time = false;    // the request timeout has passed
    bool is_over_best_effort_wait = false;
};
Verdict judge(const WriteState& state);

}  // namespace crossfade::proxy
