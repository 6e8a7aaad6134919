// The timestamps of writes that bring none (SEMANTICS, Timestamps).
#pragma once

#include <atomic>
#include <cstdint>

#include "base/clock.hpp"

namespace crossfade::proxy {

// Gives microseconds since 1970, each once and each larger than the last, over all loops, also when the clock steps
// back. Any thread.
class WriteStamps {
public:
    explicit WriteStamps(const base::Clock& clock) : clock_(clock) {}

    std::int64_t next();

    // What was measured of one cluster's clock: its time less ours, and how far that may be off. 0 is the origin, 1 the
    // target.
    void set_measured(int cluster, std::int64_t offset_us, std::int64_t error_us);
    // How much is added to our clock: never ahead of the slower cluster by more than the error of its measurement.
    std::int64_t correction_us() const { return correction_.load(std::memory_order_relaxed); }

private:
    const base::Clock& clock_;
    std::atomic<std::int64_t> last_{0};
    std::atomic<std::int64_t> correction_{0};
    std::atomic<std::int64_t> limit_[2] = {INT64_MAX, INT64_MAX};
};

}  // namespace crossfade::proxy
