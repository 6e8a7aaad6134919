// When something ends, as users type it.
#pragma once

#include <chrono>
#include <string_view>

#include "base/result.hpp"

namespace crossfade::cli {

// "90d", "12h", "30m", "45s" from `now` on, or a day in UTC, "2027-01-31", at its beginning. Later than `now`. Errors:
// bad_input, in one sentence.
base::Result<std::chrono::sys_seconds> parse_expiry(std::string_view text, std::chrono::sys_seconds now);

}  // namespace crossfade::cli
