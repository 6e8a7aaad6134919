#include "nodes/clock_reading.hpp"

namespace crossfade::nodes {

std::int64_t microseconds_of_timeuuid(base::ByteView uuid) {
    // time_low, time_mid, time_hi_and_version.
    constexpr std::size_t from_the_highest[] = {6, 7, 4, 5, 0, 1, 2, 3};
    std::uint64_t ticks = 0;
    for (const std::size_t at : from_the_highest) ticks = (ticks << 8U) | uuid[at];
    ticks &= 0x0FFFFFFFFFFFFFFFULL;
    constexpr std::int64_t gregorian_to_1970 = 0x01B21DD213814000;  // in ticks of 100 ns
    return (static_cast<std::int64_t>(ticks) - gregorian_to_1970) / 10;
}

ClockReading clock_reading(std::int64_t asked_us, std::int64_t answered_us, std::int64_t told_us) {
    const std::int64_t round_trip = answered_us - asked_us;
    return ClockReading{told_us - (asked_us + round_trip / 2), (round_trip + 1) / 2 + 1000};
}

}  // namespace crossfade::nodes
