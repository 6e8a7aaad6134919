#include "migrate/write_window.hpp"

#include <chrono>

#include "cells/page_stream.hpp"
#include "driver/pause.hpp"

namespace crossfade::migrate {
namespace {

constexpr std::uint32_t most_tries = 12;
constexpr std::chrono::milliseconds first_pause{50}, longest_pause{10000};

}  // namespace

void WriteWindow::leave() {
    --in_flight_;
    while (!waiting_.empty() && in_flight_ < limit_.limit()) {
        const std::coroutine_handle<> next = waiting_.front();
        waiting_.pop_front();
        ++in_flight_;
        next.resume();
    }
}

void WriteWindow::refused() {
    ++retries_;
    limit_.refused();
}

base::Task<base::Result<void>> WriteWindow::write(std::shared_ptr<cells::TableAccess> access,
                                                  std::vector<cells::TableAccess::PartitionWrites> writes,
                                                  std::int64_t now) {
    using Clock = std::chrono::steady_clock;
    std::chrono::milliseconds pause = first_pause;
    for (std::uint32_t tries = 1;; ++tries) {
        const Clock::time_point begun = Clock::now();
        auto written = co_await access->write_together(writes, now);
        if (written) {
            answered(static_cast<std::uint64_t>(
                std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - begun).count()));
            co_return written;
        }
        if (!cells::may_pass(written.error()) || tries == most_tries) co_return written;
        refused();
        driver::Pause wait(loop_, pause);
        co_await wait;
        pause = std::min(pause * 2, longest_pause);
    }
}

}  // namespace crossfade::migrate
