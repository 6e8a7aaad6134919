#include "gateway/audit_log.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <ctime>

#include "base/log.hpp"

namespace crossfade::gateway {
namespace {

std::string present_text() {
    const auto now = std::chrono::time_point_cast<std::chrono::milliseconds>(std::chrono::system_clock::now());
    const std::time_t seconds = std::chrono::system_clock::to_time_t(now);
    std::tm parts{};
    ::gmtime_r(&seconds, &parts);
    return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", parts.tm_year + 1900, parts.tm_mon + 1,
                       parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec, now.time_since_epoch().count() % 1000);
}

}  // namespace

AuditLog::AuditLog(std::string path) : path_(std::move(path)) {}

AuditLog::~AuditLog() {
    tick();
    if (file_ >= 0) ::close(file_);
}

base::Result<void> AuditLog::open() {
    const std::lock_guard guard(mutex_);
    file_ = ::open(path_.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
    if (file_ < 0)
        return base::fail(base::ErrorKind::bad_configuration,
                          path_ + ": the audit log cannot be opened: " + std::strerror(errno));
    return {};
}

void AuditLog::append(const std::string& event, const std::string& fields) {
    std::string line = base::JsonObject().field("time", present_text()).field("event", event).text();
    if (fields.size() > 2) line = line.substr(0, line.size() - 1) + "," + fields.substr(1);
    line += '\n';
    if (file_ < 0 || ::write(file_, line.data(), line.size()) != static_cast<ssize_t>(line.size()))
        base::log_warning("{}: a line of the audit log could not be written: {}", path_, line);
}

void AuditLog::write(const std::string& event, const base::JsonObject& fields) {
    const std::lock_guard guard(mutex_);
    Second& second = events_[event];
    if (++second.lines > most_lines_a_second)
        ++second.left_out;
    else
        append(event, fields.text());
}

void AuditLog::tick() {
    const std::lock_guard guard(mutex_);
    for (const auto& [event, second] : events_)
        if (second.left_out > 0)
            append("left_out", base::JsonObject().field("of", event).field("lines", second.left_out).text());
    events_.clear();
    struct stat named {
    }, open{};
    if (file_ < 0 || ::fstat(file_, &open) != 0) return;
    if (::stat(path_.c_str(), &named) == 0 && named.st_ino == open.st_ino && named.st_dev == open.st_dev) return;
    ::close(file_);
    file_ = ::open(path_.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
}

}  // namespace crossfade::gateway
