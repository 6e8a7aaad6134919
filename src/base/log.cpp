#include "base/log.hpp"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <atomic>

namespace crossfade::base {
namespace {

std::atomic<bool> is_json{false};

std::shared_ptr<spdlog::logger> make_logger() {
    auto logger = spdlog::stderr_logger_mt("crossfade");
    logger->set_pattern("%Y-%m-%dT%H:%M:%S.%e%z %l %v");
    return logger;
}

spdlog::logger& logger() {
    static const std::shared_ptr<spdlog::logger> one = make_logger();
    return *one;
}

spdlog::level::level_enum level_of(LogLevel level) {
    switch (level) {
        case LogLevel::debug: return spdlog::level::debug;
        case LogLevel::info: return spdlog::level::info;
        case LogLevel::warning: return spdlog::level::warn;
        case LogLevel::error: return spdlog::level::err;
    }
    return spdlog::level::info;
}

std::string json_text(std::string_view text) {
    std::string escaped;
    for (const char c : text) {
        if (c == '"' || c == '\\') escaped += '\\';
        if (static_cast<unsigned char>(c) < 0x20) escaped += fmt::format("\\u{:04x}", static_cast<int>(c)); else escaped += c;
    }
    return escaped;
}

}  // namespace

Result<LogLevel> log_level_named(std::string_view name) {
    if (name == "debug") return LogLevel::debug;
    if (name == "info") return LogLevel::info;
    if (name == "warning") return LogLevel::warning;
    if (name == "error") return LogLevel::error;
    return fail(ErrorKind::bad_input, "unknown log level '" + std::string(name) + "'; it is debug, info, warning or error");
}

void configure_log(LogLevel least, bool as_json) {
    is_json = as_json;
    logger().set_level(level_of(least));
    logger().set_pattern(as_json ? R"({"time":"%Y-%m-%dT%H:%M:%S.%e%z","level":"%l","message":"%v"})" : "%Y-%m-%dT%H:%M:%S.%e%z %l %v");
}

void write_log(LogLevel level, std::string_view text) {
    if (is_json) logger().log(level_of(level), "{}", json_text(text)); else logger().log(level_of(level), "{}", text);
}

}  // namespace crossfade::base
