#include "base/log.hpp"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <chrono>
#include <ctime>
#include <memory>

#include "base/json_text.hpp"

namespace crossfade::base {

namespace detail {
std::atomic<LogLevel> least_log_level{LogLevel::info};
}  // namespace detail

namespace {

std::atomic<bool> is_json{false};

// spdlog makes the time and keeps lines whole; level and text are put together here, so that a change of format cannot
// split a line's pattern from its escaping.
spdlog::logger& logger() {
    static const std::shared_ptr<spdlog::logger> one = [] {
        auto made = std::make_shared<spdlog::logger>("crossfade", std::make_shared<spdlog::sinks::stderr_sink_mt>());
        made->set_level(spdlog::level::trace);
        made->set_pattern("%v");
        return made;
    }();
    return *one;
}

std::string_view name_of(LogLevel level) {
    switch (level) {
        case LogLevel::debug:
            return "debug";
        case LogLevel::info:
            return "info";
        case LogLevel::warning:
            return "warning";
        case LogLevel::error:
            return "error";
    }
    return "error";
}

// ISO 8601 in local time, with milliseconds and the offset.
std::string time_text() {
    const auto now = std::chrono::system_clock::now();
    const std::time_t seconds = std::chrono::system_clock::to_time_t(now);
    const auto milliseconds =
        std::chrono::duration_cast<std::chrono::milliseconds>(now.time_since_epoch()).count() % 1000;
    std::tm local{};
    localtime_r(&seconds, &local);
    char date[32] = {};
    char offset[8] = {};
    std::strftime(date, sizeof date, "%Y-%m-%dT%H:%M:%S", &local);
    std::strftime(offset, sizeof offset, "%z", &local);
    return fmt::format("{}.{:03}{}", date, milliseconds, offset);
}

// Line ends and other control characters are shown, not obeyed.
std::string on_one_line(std::string_view text) {
    std::string result;
    result.reserve(text.size());
    for (const char c : text) {
        if (c == '\n')
            result += "\\n";
        else if (c == '\t')
            result += "\\t";
        else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f)
            result += fmt::format("\\x{:02x}", static_cast<unsigned>(static_cast<unsigned char>(c)));
        else
            result += c;
    }
    return result;
}

}  // namespace

Result<LogLevel> log_level_named(std::string_view name) {
    for (const LogLevel level : {LogLevel::debug, LogLevel::info, LogLevel::warning, LogLevel::error})
        if (name == name_of(level)) return level;
    return fail(ErrorKind::bad_input,
                "unknown log level '" + std::string(name.substr(0, 40)) + "'; it is debug, info, warning or error");
}

void configure_log(LogLevel least, bool as_json) {
    is_json = as_json;
    detail::least_log_level = least;
}

void write_log(LogLevel level, std::string_view text) {
    if (!is_logged(level)) return;
    if (is_json)
        logger().info(
            "{}", JsonObject().field("time", time_text()).field("level", name_of(level)).field("message", text).text());
    else
        logger().info("{} {} {}", time_text(), name_of(level), on_one_line(text));
}

}  // namespace crossfade::base
