// How a stub node answers, and how it fails: what can be changed while it runs.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace crossfade::lab {

// Read for each request without a lock; a change counts from the next request on. "Every N" counts requests over all
// connections since the setting was made, reads and writes of user tables (forget_every: each QUERY, EXECUTE and
// BATCH); 0 is never.
struct Behaviour {
    using Number = std::atomic<std::int64_t>;
    Number row_bytes{100};   // length of each blob in an answer
    Number forget_every{0};  // all prepared statements are forgotten before each Nth request
    Number error_every{0};   // each Nth request is answered with error_code and not counted as taken
    Number error_code{0x1001};
    Number never_answer_every{0};  // each Nth request is taken and never answered
    Number close_every{0};         // at each Nth request its connection is closed
    Number faults_on{0};           // which requests the three above count and hit: a FaultScope
    Number delay_ms{0};            // answers after the login leave that much later, in steps of 10 ms
    Number clock_offset_ms{0};     // what its clock, as now() tells it, is ahead of ours
    Number record_writes{1};       // whether GET /writes is filled

    std::atomic<std::uint64_t> requests{0};        // for forget_every
    std::atomic<std::uint64_t> fault_requests{0};  // for error_every, never_answer_every and close_every
};
enum class FaultScope : std::int64_t { all = 0, reads = 1, writes = 2 };

// Sets one by its name ("error_every", "error-every"). Values are numbers; error_code is also a name ("OVERLOADED") or
// 0x…, faults_on is all, reads or writes. Errors: bad_input, with the name. Any thread.
base::Result<void> set(Behaviour& behaviour, std::string_view name, std::string_view value);
// Every setting as a JSON object. Any thread.
std::string to_json(const Behaviour& behaviour);

}  // namespace crossfade::lab
