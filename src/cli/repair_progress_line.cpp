#include "cli/repair_progress_line.hpp"

#include <ostream>

#include "cli/text_table.hpp"

namespace crossfade::cli {
namespace {

constexpr std::chrono::seconds between_plain_lines(5);

}  // namespace

RepairProgressLine::RepairProgressLine(std::ostream& out, bool is_terminal, const base::Clock& clock)
    : out_(out), is_terminal_(is_terminal), clock_(clock) {}

std::string RepairProgressLine::line(const RepairProgress& progress, std::chrono::steady_clock::time_point now) const {
    std::string text = with_thousands(progress.done) + " repaired, " + with_thousands(progress.left) + " left";
    if (progress.blocked > 0) text += ", " + with_thousands(progress.blocked) + " blocked";
    const std::uint64_t done_since = progress.done - std::min(progress.done, done_at_begin_);
    const double seconds = std::chrono::duration<double>(now - *begun_).count();
    if (progress.running > 0 && progress.left > 0 && done_since > 0 && seconds >= 1) {
        const double left_seconds = static_cast<double>(progress.left) * seconds / static_cast<double>(done_since);
        text += ", about " + age_text(static_cast<std::int64_t>(left_seconds * 1e6)) + " to go";
    }
    return text;
}

void RepairProgressLine::show(const RepairProgress& progress) {
    const auto now = clock_.now();
    if (!begun_) {
        begun_ = now;
        done_at_begin_ = progress.done;
    }
    const bool is_due = !printed_ || progress.running == 0 || now - *printed_ >= between_plain_lines;
    if (!is_terminal_ && !is_due) return;
    printed_ = now;
    std::string text = line(progress, now);
    if (!is_terminal_) {
        out_ << text << std::endl;
        return;
    }
    const std::size_t width = text.size();
    if (width < width_) text += std::string(width_ - width, ' ');
    width_ = width;
    out_ << '\r' << text << std::flush;
}

void RepairProgressLine::finish() {
    if (is_terminal_ && printed_) out_ << std::endl;
}

}  // namespace crossfade::cli
