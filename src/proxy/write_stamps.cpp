#include "proxy/write_stamps.hpp"

#include <algorithm>

namespace crossfade::proxy {

std::int64_t WriteStamps::next() {
    const std::int64_t now = clock_.wall_microseconds() + correction_.load(std::memory_order_relaxed);
    std::int64_t last = last_.load(std::memory_order_relaxed);
    for (;;) {
        const std::int64_t stamp = std::max(now, last + 1);
        if (last_.compare_exchange_weak(last, stamp, std::memory_order_relaxed)) return stamp;
    }
}

void WriteStamps::set_measured(int cluster, std::int64_t offset_us, std::int64_t error_us) {
    limit_[cluster].store(offset_us + error_us, std::memory_order_relaxed);
    const std::int64_t slower =
        std::min(limit_[0].load(std::memory_order_relaxed), limit_[1].load(std::memory_order_relaxed));
    correction_.store(std::min<std::int64_t>(0, slower), std::memory_order_relaxed);
}

}  // namespace crossfade::proxy
