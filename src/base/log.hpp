// Logging to standard error. Secrets never get here: what is logged names users and files, not passwords, tokens or
// values of rows. A secret that travels through structures which somebody may one day print is kept in a base::Secret
// (secret.hpp).
#pragma once

#include <spdlog/fmt/fmt.h>

#include <atomic>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace crossfade::base {

enum class LogLevel : std::uint8_t { debug, info, warning, error };

// "debug", "info", "warning" or "error"; bad_input otherwise.
Result<LogLevel> log_level_named(std::string_view name);
// From now on, for the whole process: what is shown, and whether as text or as one JSON object a line. Any thread. At
// first: info, text.
void configure_log(LogLevel least, bool as_json);

// One line: the time with its offset, the level, and `text` with its line ends and control characters escaped, so that
// what a peer sent cannot pretend to be a line of its own. Any thread; lines do not mix.
void write_log(LogLevel level, std::string_view text);

namespace detail {
extern std::atomic<LogLevel> least_log_level;
}  // namespace detail

inline bool is_logged(LogLevel level) {
    return level >= detail::least_log_level.load(std::memory_order_relaxed);
}

template <class... Arguments>
void log_at(LogLevel level, fmt::format_string<Arguments...> format, Arguments&&... arguments) {
    if (is_logged(level)) write_log(level, fmt::format(format, std::forward<Arguments>(arguments)...));
}
template <class... Arguments>
void log_debug(fmt::format_string<Arguments...> format, Arguments&&... arguments) {
    log_at(LogLevel::debug, format, std::forward<Arguments>(arguments)...);
}
template <class... Arguments>
void log_info(fmt::format_string<Arguments...> format, Arguments&&... arguments) {
    log_at(LogLevel::info, format, std::forward<Arguments>(arguments)...);
}
template <class... Arguments>
void log_warning(fmt::format_string<Arguments...> format, Arguments&&... arguments) {
    log_at(LogLevel::warning, format, std::forward<Arguments>(arguments)...);
}
template <class... Arguments>
void log_error(fmt::format_string<Arguments...> format, Arguments&&... arguments) {
    log_at(LogLevel::error, format, std::forward<Arguments>(arguments)...);
}

}  // namespace crossfade::base
