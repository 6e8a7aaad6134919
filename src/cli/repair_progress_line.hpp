// The progress line of `crossfade journal repair`: one line that is rewritten on a terminal, a plain line now and then
// elsewhere.
#pragma once

#include <chrono>
#include <iosfwd>
#include <optional>
#include <string>

#include "base/clock.hpp"
#include "cli/journal_repair.hpp"

namespace crossfade::cli {

class RepairProgressLine {
public:
    // `clock` and `out` outlive it.
    RepairProgressLine(std::ostream& out, bool is_terminal, const base::Clock& clock);
    void show(const RepairProgress& progress);
    // Ends the rewritten line, if there is one.
    void finish();

private:
    std::string line(const RepairProgress& progress, std::chrono::steady_clock::time_point now) const;

    std::ostream& out_;
    const bool is_terminal_;
    const base::Clock& clock_;
    std::optional<std::chrono::steady_clock::time_point> begun_, printed_;
    std::uint64_t done_at_begin_ = 0;
    std::size_t width_ = 0;
};

}  // namespace crossfade::cli
