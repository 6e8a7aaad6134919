// What the library writes to standard error.
#pragma once

#include <cstdint>

namespace crossfade {

enum class LogLevel : std::uint8_t { debug, info, warning, error };

// From now on, for the whole process: what is written. Warnings and errors unless told. Any thread.
void set_log_level(LogLevel least);

}  // namespace crossfade
