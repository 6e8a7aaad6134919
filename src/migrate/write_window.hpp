// The writes that are under way to one cluster: no more at once than it takes, and each again when it failed for a
// passing reason.
#pragma once

#include <coroutine>
#include <cstdint>
#include <deque>
#include <memory>
#include <vector>

#include "base/task.hpp"
#include "cells/table_access.hpp"
#include "migrate/adaptive_limit.hpp"
#include "net/loop.hpp"

namespace crossfade::migrate {

// Loop's thread. Outlives everything that has entered.
class WriteWindow {
public:
    WriteWindow(net::Loop& loop, AdaptiveLimit::Bounds bounds) : loop_(loop), limit_(bounds) {}
    WriteWindow(const WriteWindow&) = delete;
    WriteWindow& operator=(const WriteWindow&) = delete;

    // co_await window.enter(): when there is room. Every entering is followed by one leave().
    class Entering {
    public:
        explicit Entering(WriteWindow& window) : window_(window) {}
        bool await_ready() {
            if (window_.in_flight_ >= window_.limit_.limit()) return false;
            ++window_.in_flight_;
            return true;
        }
        void await_suspend(std::coroutine_handle<> waiting) { window_.waiting_.push_back(waiting); }
        void await_resume() const {}

    private:
        WriteWindow& window_;
    };
    Entering enter() { return Entering(*this); }
    void leave();

    // Writes that can be repeated, to partitions that share their replicas: tried until it is done, for a good minute
    // when the cluster is overloaded or does not answer, else given up at once. The caller has entered, and leaves.
    // Views must stay until it is done.
    base::Task<base::Result<void>> write(std::shared_ptr<cells::TableAccess> access,
                                         std::vector<cells::TableAccess::PartitionWrites> writes, std::int64_t now);
    // Tells how one attempt that did not go through write() went.
    void answered(std::uint64_t microseconds) { limit_.answered(microseconds, in_flight_ >= limit_.limit()); }
    void refused();

    std::uint32_t in_flight() const { return in_flight_; }
    std::uint32_t limit() const { return limit_.limit(); }
    std::uint64_t retries() const { return retries_; }

private:
    net::Loop& loop_;
    AdaptiveLimit limit_;
    std::uint32_t in_flight_ = 0;
    std::uint64_t retries_ = 0;
    std::deque<std::coroutine_handle<>> waiting_;
};

}  // namespace crossfade::migrate
