// Who logged in, who was refused, and what was: one JSON object a line.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>

#include "base/json_text.hpp"
#include "base/result.hpp"

namespace crossfade::gateway {

// Any thread. Never a token, a password or a value of a statement is given to it.
class AuditLog {
public:
    static constexpr std::uint32_t most_lines_a_second = 200;

    // Appends to `path` (mode 0600).
    explicit AuditLog(std::string path);
    ~AuditLog();
    AuditLog(const AuditLog&) = delete;
    AuditLog& operator=(const AuditLog&) = delete;

    // Opens the file. Errors: bad_configuration, with the path.
    base::Result<void> open();
    // One line: the time, the event, and what `fields` has. Past most_lines_a_second of one event lines are only
    // counted, and the count is a line of its own: a flood of refused logins hides no other event.
    void write(const std::string& event, const base::JsonObject& fields);
    // To be called every second: writes the count of what was left out, and opens the file anew where somebody moved it
    // away.
    void tick();

private:
    void append(const std::string& event, const std::string& fields);

    const std::string path_;
    std::mutex mutex_;
    int file_ = -1;
    struct Second {
        std::uint32_t lines = 0;
        std::uint64_t left_out = 0;
    };
    std::map<std::string, Second> events_;  // of this second
};

}  // namespace crossfade::gateway
