// What a repair shows of itself while it runs. Any thread.
#pragma once

#include <mutex>
#include <string>
#include <utility>

#include "proxy/repair.hpp"

namespace crossfade::proxy {

class RepairBoard {
public:
    // A new run: false when one is running.
    bool begin() {
        const std::lock_guard guard(mutex_);
        if (status_.is_running) return false;
        status_ = RepairStatus();
        status_.is_running = true;
        return true;
    }
    void end() {
        const std::lock_guard guard(mutex_);
        status_.is_running = false;
    }
    void add_done() {
        const std::lock_guard guard(mutex_);
        ++status_.done;
    }
    void add_blocked(std::uint64_t id, std::string table, std::string note) {
        const std::lock_guard guard(mutex_);
        if (status_.blocked.size() < most_blocked) status_.blocked.push_back({id, std::move(table), std::move(note)});
    }
    // The first one is shown.
    void add_error(const std::string& error) {
        const std::lock_guard guard(mutex_);
        if (status_.error.empty()) status_.error = error;
    }
    // What failed is tried again.
    void forget_error() {
        const std::lock_guard guard(mutex_);
        status_.error.clear();
    }
    RepairStatus status() const {
        const std::lock_guard guard(mutex_);
        return status_;
    }

private:
    static constexpr std::size_t most_blocked = 1000;
    mutable std::mutex mutex_;
    RepairStatus status_;
};

}  // namespace crossfade::proxy
