// The stream ids of one backend connection, and who waits for the answer of each.
#pragma once

#include <cstdint>
#include <vector>

namespace crossfade::relay {

// Gives out ids 0..32767, the most recently freed first (their table entries are warm). Grows as needed; no allocation
// once it has. The last `reserved` ids go only to our own exchanges: heartbeats, re-prepares, replays (SEMANTICS,
// Pools).
template <class Waiting>
class StreamIds {
public:
    static constexpr std::uint32_t all = 32768;
    static constexpr std::uint32_t reserved = 64;

    // Whether a client's request (or, with `internal`, one of ours) may still have an id.
    bool has_room(bool internal) const { return in_use_ < (internal ? all : all - reserved); }
    // Precondition: has_room().
    std::uint16_t take(Waiting* waiting) {
        ++in_use_;
        if (!free_.empty()) {
            const std::uint16_t id = free_.back();
            free_.pop_back();
            waiting_[id] = waiting;
            return id;
        }
        waiting_.push_back(waiting);
        return static_cast<std::uint16_t>(waiting_.size() - 1);
    }
    // Who waits on `id`; nullptr when the id is not in use.
    Waiting* at(std::uint16_t id) const { return id < waiting_.size() ? waiting_[id] : nullptr; }
    // Frees an id that is in use.
    void release(std::uint16_t id) {
        waiting_[id] = nullptr;
        free_.push_back(id);
        --in_use_;
    }
    // Somebody else waits on `id` from now on. Precondition: in use.
    void replace(std::uint16_t id, Waiting* waiting) { waiting_[id] = waiting; }
    std::uint32_t in_use() const { return in_use_; }
    // Calls visit(waiting) for each id in use and frees all.
    template <class Visit>
    void drain(Visit&& visit) {
        std::vector<Waiting*> waiting;
        waiting.swap(waiting_);
        free_.clear();
        in_use_ = 0;
        for (Waiting* one : waiting)
            if (one != nullptr) visit(*one);
    }

private:
    std::vector<Waiting*> waiting_;
    std::vector<std::uint16_t> free_;
    std::uint32_t in_use_ = 0;
};

}  // namespace crossfade::relay
