// Who logged in, who was refused, and what was: one JSON object a line.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <string_view>

#include "base/json_text.hpp"
#include "base/result.hpp"

namespace crossfade::gateway {

// As much as a line has of what a client sent, which may be as long as a frame.
inline std::string_view audited(std::string_view text) {
    return text.substr(0, 256);
}

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
    // One line: the time, the event, and what `fields` has. Past most_lines_a_second of one event its lines are only
    // counted, and the count is a line of its own: whoever has many TLS handshakes refused does not hide a login.
    void write(const std::string& event, const base::JsonObject& fields);
    // To be called every second: writes the count of what was left out, and opens the file anew where somebody moved it
    // away.
    void tick();

private:
    void append(const std::string& event, const std::string& fields);

    const std::string path_;
    std::mutex mutex_;
    int file_ = -1;
    std::map<std::string, std::uint64_t> lines_;  // of this second, by event
};

}  // namespace crossfade::gateway
