// The clock of a cluster against ours, from one question and its answer. Pure.
#pragma once

#include <cstdint>

#include "base/bytes.hpp"

namespace crossfade::nodes {

struct ClockReading {
    std::int64_t offset_us = 0;  // the cluster's minus ours
    std::int64_t error_us = 0;   // the truth is within offset ± error: half of the round trip + 1 ms
};

// The instant in a version 1 uuid (RFC 4122 §4.1.4), microseconds since 1970. Precondition: 16 bytes.
std::int64_t microseconds_of_timeuuid(base::ByteView uuid);

// `asked_us` and `answered_us`: our clock before and after; `told_us`: theirs, in between. Servers make timeuuids from
// a clock of milliseconds: that is the 1 ms.
ClockReading clock_reading(std::int64_t asked_us, std::int64_t answered_us, std::int64_t told_us);

}  // namespace crossfade::nodes
