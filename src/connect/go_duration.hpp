// Durations as Go programs write and read them. Pure.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace crossfade::connect {

// "30s", "1m30s", "500ms", "1.5h", "0"; not below zero. Rounded down to milliseconds. Errors: bad_input, also for more
// than a year.
base::Result<std::chrono::milliseconds> parse_go_duration(std::string_view text);
// "0s", "250ms", "1.5s", "1m2s", "2h0m0.5s".
std::string to_go_duration(std::chrono::milliseconds duration);

}  // namespace crossfade::connect
