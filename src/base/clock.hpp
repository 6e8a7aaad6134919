// Time as an interface, so that what depends on it can be tested and simulated without waiting.
#pragma once

#include <chrono>
#include <cstdint>

namespace crossfade::base {

class Clock {
public:
    virtual ~Clock() = default;
    virtual std::chrono::steady_clock::time_point now() const = 0;  // never steps back
    virtual std::int64_t wall_microseconds() const = 0;             // since 1970; may step
};

// The system's clocks. Any thread.
const Clock& system_clock();

}  // namespace crossfade::base
