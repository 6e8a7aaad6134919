// The statements that a stub node has prepared, for all its workers, and forgetting them.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>

#include "stub_node/known_statement.hpp"

namespace crossfade::lab {

class PreparedRegistry {
public:
    struct Entry {
        std::string text, keyspace;
    };
    static constexpr std::size_t largest_size = 100'000;  // past it everything is forgotten, as a full cache would

    void add(const PreparedId& id, Entry entry) {
        const std::lock_guard lock(mutex_);
        if (entries_.size() >= largest_size) forget_locked();
        entries_.emplace(id, std::move(entry));
    }
    std::optional<Entry> find(const PreparedId& id) const {
        const std::lock_guard lock(mutex_);
        const auto found = entries_.find(id);
        return found == entries_.end() ? std::nullopt : std::optional(found->second);
    }
    void forget_all() {
        const std::lock_guard lock(mutex_);
        forget_locked();
    }
    // Grows when everything was forgotten: what a worker remembers of an older one is void.
    std::uint64_t epoch() const { return epoch_.load(std::memory_order_acquire); }

private:
    void forget_locked() {
        entries_.clear();
        epoch_.fetch_add(1, std::memory_order_release);
    }

    mutable std::mutex mutex_;
    std::map<PreparedId, Entry> entries_;
    std::atomic<std::uint64_t> epoch_{0};
};

}  // namespace crossfade::lab
