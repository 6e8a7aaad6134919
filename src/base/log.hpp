// Logging to standard error. Secrets never get here: what is logged names users and files, not passwords, tokens or values of rows.
#pragma once

#include <spdlog/fmt/fmt.h>

#include <string>
#include <string_view>

#include "base/result.hpp"

namespace crossfade::base {

enum class LogLevel : std::uint8_t { debug, info, warning, error };

// "debug", "info", "warning" or "error"; bad_input otherwise.
Result<LogLevel> log_level_named(std::string_view name);
// From now on, for the whole process: what is shown, and whether as text or as one JSON object a line. Any thread.
void configure_log(LogLevel least, bool as_json);

void write_log(LogLevel level, std::string_view text);

template <class... Arguments>
void log_debug(fmt::format_string<Arguments...> format, Arguments&&... arguments) {
    write_log(LogLevel::debug, fmt::format(format, std::forward<Arguments>(arguments)...));
}
template <class... Arguments>
void log_info(fmt::format_string<Arguments...> format, Arguments&&... arguments) {
    write_log(LogLevel::info, fmt::format(format, std::forward<Arguments>(arguments)...));
}
template <class... Arguments>
void log_warning(fmt::format_string<Arguments...> format, Arguments&&... arguments) {
    write_log(LogLevel::warning, fmt::format(format, std::forward<Arguments>(arguments)...));
}
template <class... Arguments>
void log_error(fmt::format_string<Arguments...> format, Arguments&&... arguments) {
    write_log(LogLevel::error, fmt::format(format, std::forward<Arguments>(arguments)...));
}

}  // namespace crossfade::base
