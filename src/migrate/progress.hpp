// What a long command shows while it works, and numbers as people read them.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <iosfwd>
#include <string>

#include "base/clock.hpp"

namespace crossfade::migrate {

std::string with_thousands(std::uint64_t number);  // 1234567 → "1,234,567"
std::string duration_text(double seconds);         // "8 s", "3 min 20 s", "2 h 5 min"

// "shop.users 2/7 · 43 % · 120,000 rows · 21,300 rows/s · 12 s left". On a terminal one line that is rewritten,
// elsewhere a line every two seconds. One thread.
class Progress {
public:
    // `out` and `clock` outlive it.
    Progress(std::ostream& out, bool is_terminal, const base::Clock& clock);

    // `done` of `parts` were finished before, by the run that this one continues.
    void begin_table(std::string name, std::size_t number, std::size_t of, std::uint64_t parts, std::uint64_t done);
    void add_rows(std::uint64_t rows) { rows_ += rows; }
    void finish_part() { ++done_; }
    // What else the line ends with; empty: nothing.
    void set_note(std::string note) { note_ = std::move(note); }
    // Prints when it is time.
    void tick();
    // Ends the rewritten line, so that other text can be printed.
    void clear();
    std::uint64_t rows() const { return rows_; }

    std::string line() const;

private:
    using Instant = std::chrono::steady_clock::time_point;
    struct Sample {
        Instant at;
        std::uint64_t rows;
    };
    double rate() const;

    std::ostream& out_;
    const bool is_terminal_;
    const base::Clock& clock_;
    std::string name_, note_;
    std::size_t number_ = 0, of_ = 0;
    std::uint64_t parts_ = 0, done_ = 0, done_before_ = 0, rows_ = 0;
    Instant begun_{}, printed_{};
    std::deque<Sample> samples_;  // of the last ten seconds
    std::size_t width_ = 0;       // of what stands on the rewritten line
};

}  // namespace crossfade::migrate
