// How many writes may be under way at once: more as long as the cluster answers quickly, fewer when it does not. Pure.
#pragma once

#include <algorithm>
#include <cstdint>

namespace crossfade::migrate {

// Grows by an eighth, and shrinks by an eighth when answers take several times as long as the quickest lately did: more
// in flight would only wait there. An answer that says overloaded, and one that did not come in time, halve it, once
// for each round of answers.
class AdaptiveLimit {
public:
    struct Bounds {
        std::uint32_t first = 32, least = 2, most = 1024;
    };
    AdaptiveLimit() : AdaptiveLimit(Bounds{}) {}
    explicit AdaptiveLimit(Bounds bounds) : bounds_(bounds), limit_(bounds.first) {}

    std::uint32_t limit() const { return limit_; }

    // An answer came after `microseconds`. `was_full`: as many were under way as may be (else a higher limit would
    // change nothing).
    void answered(std::uint64_t microseconds, bool was_full) {
        sum_ += microseconds;
        was_full_ = was_full_ || was_full;
        if (++count_ < limit_) return;
        const std::uint64_t average = sum_ / count_;
        best_ = best_ == 0 ? average : std::min(best_, average);
        if (average > std::max(slow_us, best_ * 8))
            limit_ = std::max(bounds_.least, limit_ - std::max(limit_ / 8, 1U));
        else if (was_full_)
            limit_ = std::min(bounds_.most, limit_ + std::max(limit_ / 8, 1U));
        // What was quick once need not be for ever.
        if (++rounds_ % 256 == 0) best_ = average;
        begin_round();
    }
    void refused() {
        if (was_refused_) return;
        limit_ = std::max(bounds_.least, limit_ / 2);
        begin_round();
        was_refused_ = true;
    }

private:
    static constexpr std::uint64_t slow_us = 25000;

    void begin_round() {
        sum_ = count_ = 0;
        was_full_ = was_refused_ = false;
    }

    Bounds bounds_;
    std::uint32_t limit_;
    std::uint64_t sum_ = 0, count_ = 0, best_ = 0, rounds_ = 0;
    bool was_full_ = false, was_refused_ = false;
};

}  // namespace crossfade::migrate
