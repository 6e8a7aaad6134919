// The origin's clock, as far as it was measured: what a copy judges expiry by. By the clock of this machine, were it
// ahead, cells that still live would be taken for expired.
#pragma once

#include "base/clock.hpp"
#include "nodes/clock_reading.hpp"

namespace crossfade::migrate {

// One thread. Until set() it is this machine's clock.
class OriginClock final : public base::Clock {
public:
    // Never ahead of the origin's clock by more than that moves on its own.
    void set(const nodes::ClockReading& reading) { shift_us_ = reading.offset_us - reading.error_us; }

    std::chrono::steady_clock::time_point now() const override { return base::system_clock().now(); }
    std::int64_t wall_microseconds() const override { return base::system_clock().wall_microseconds() + shift_us_; }

private:
    std::int64_t shift_us_ = 0;
};

}  // namespace crossfade::migrate
