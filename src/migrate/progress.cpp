#include "migrate/progress.hpp"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <ostream>

namespace crossfade::migrate {
namespace {

constexpr std::chrono::milliseconds rewritten_every{250}, printed_every{2000};
constexpr std::chrono::seconds rate_over{10};

double seconds_of(std::chrono::steady_clock::duration length) {
    return std::chrono::duration<double>(length).count();
}

// Columns, not bytes: what continues a UTF-8 character takes none.
std::size_t columns_of(const std::string& text) {
    return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xC0) != 0x80; }));
}

}  // namespace

std::string with_thousands(std::uint64_t number) {
    std::string text = std::to_string(number);
    for (std::size_t at = text.size(); at > 3;) text.insert(at -= 3, 1, ',');
    return text;
}

std::string duration_text(double seconds) {
    const auto whole = static_cast<std::int64_t>(std::max(seconds, 0.0) + 0.5);
    if (whole < 60) return fmt::format("{} s", whole);
    if (whole < 3600) return fmt::format("{} min {} s", whole / 60, whole % 60);
    return fmt::format("{} h {} min", whole / 3600, whole % 3600 / 60);
}

Progress::Progress(std::ostream& out, bool is_terminal, const base::Clock& clock)
    : out_(out), is_terminal_(is_terminal), clock_(clock) {}

void Progress::begin_table(std::string name, std::size_t number, std::size_t of, std::uint64_t parts,
                           std::uint64_t done) {
    name_ = std::move(name);
    number_ = number;
    of_ = of;
    parts_ = parts;
    done_ = done_before_ = done;
    rows_ = 0;
    note_.clear();
    samples_.clear();
    begun_ = clock_.now();
    // The first plain line comes after two seconds: a small table needs none.
    printed_ = begun_;
}

double Progress::rate() const {
    const Instant now = clock_.now();
    const Sample first = samples_.empty() ? Sample{begun_, 0} : samples_.front();
    const double seconds = seconds_of(now - first.at);
    return seconds <= 0 ? 0 : static_cast<double>(rows_ - first.rows) / seconds;
}

std::string Progress::line() const {
    const double share = parts_ == 0 ? 1 : static_cast<double>(done_) / static_cast<double>(parts_);
    std::string text = name_;
    if (of_ > 1) text += fmt::format(" {}/{}", number_, of_);
    text += fmt::format(" · {:.0f} % · {} rows · {} rows/s", share * 100, with_thousands(rows_),
                        with_thousands(static_cast<std::uint64_t>(rate())));
    const std::uint64_t done_now = done_ - done_before_;
    if (done_now > 0 && done_ < parts_) {
        const double elapsed = seconds_of(clock_.now() - begun_);
        text += " · " + duration_text(elapsed * static_cast<double>(parts_ - done_) / static_cast<double>(done_now)) +
                " left";
    } else if (done_ < parts_) {
        text += " · time left not known yet";
    }
    if (!note_.empty()) text += " · " + note_;
    return text;
}

void Progress::tick() {
    if (parts_ == 0) return;
    const Instant now = clock_.now();
    if (now - printed_ < (is_terminal_ ? rewritten_every : printed_every)) return;
    printed_ = now;
    const std::string text = line();
    if (is_terminal_) {
        const std::size_t columns = columns_of(text);
        out_ << '\r' << text << std::string(width_ > columns ? width_ - columns : 0, ' ') << std::flush;
        width_ = columns;
    } else {
        out_ << text << std::endl;
    }
    samples_.push_back({now, rows_});
    while (samples_.size() > 1 && now - samples_.front().at > rate_over) samples_.pop_front();
}

void Progress::clear() {
    if (!is_terminal_ || width_ == 0) return;
    out_ << '\r' << std::string(width_, ' ') << '\r' << std::flush;
    width_ = 0;
}

}  // namespace crossfade::migrate
