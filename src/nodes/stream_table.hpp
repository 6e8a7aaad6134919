// The stream ids of one connection, and who waits for the answer of each. No I/O.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

namespace crossfade::nodes {

// Ids 0 to 32767, the most recently freed first (their entries are warm). An id whose waiter gave up stays taken, as an
// orphan, until its late answer came: given out again before, that answer would be taken for another's. Grows as
// needed; no allocation once it has.
template <class Waiter>
class StreamTable {
public:
    static constexpr std::uint32_t all = 32768;

    explicit StreamTable(std::uint32_t most_ids = all) : most_ids_(most_ids) {}

    bool has_room() const { return in_use_ < most_ids_; }
    // Precondition: has_room(). `waiter` is not null.
    std::uint16_t take(Waiter* waiter) {
        ++in_use_;
        if (!free_.empty()) {
            const std::uint16_t id = free_.back();
            free_.pop_back();
            entries_[id] = Entry{waiter, false};
            return id;
        }
        entries_.push_back(Entry{waiter, false});
        return static_cast<std::uint16_t>(entries_.size() - 1);
    }

    // The waiter of `id` gave up. Gives how many orphans there are now.
    std::uint32_t orphan(std::uint16_t id) {
        if (id >= entries_.size() || entries_[id].waiter == nullptr) return orphans_;
        entries_[id] = Entry{nullptr, true};
        return ++orphans_;
    }

    struct Answered {
        bool was_taken = false;    // false: nobody asked on this id; the peer is wrong
        Waiter* waiter = nullptr;  // null with was_taken: an orphan's late answer
    };
    // An answer came on `id`: frees it.
    Answered answered(std::int32_t id) {
        if (id < 0 || static_cast<std::size_t>(id) >= entries_.size()) return {};
        Entry& entry = entries_[static_cast<std::size_t>(id)];
        if (entry.waiter == nullptr && !entry.is_orphan) return {};
        const Answered result{true, entry.waiter};
        if (entry.is_orphan) --orphans_;
        entry = Entry{};
        free_.push_back(static_cast<std::uint16_t>(id));
        --in_use_;
        return result;
    }

    // Frees all, and calls visit(waiter) for each that waited. visit() may orphan() ids: those who wait on them are not
    // visited any more, and may be gone. It may take none.
    template <class Visit>
    void drain(Visit&& visit) {
        free_.clear();
        for (std::size_t id = 0; id < entries_.size(); ++id)
            if (Waiter* const waiter = std::exchange(entries_[id].waiter, nullptr)) visit(*waiter);
        entries_.clear();
        in_use_ = orphans_ = 0;
    }

    std::uint32_t in_use() const { return in_use_; }
    std::uint32_t orphans() const { return orphans_; }

private:
    struct Entry {
        Waiter* waiter = nullptr;
        bool is_orphan = false;
    };
    const std::uint32_t most_ids_;
    std::vector<Entry> entries_;
    std::vector<std::uint16_t> free_;
    std::uint32_t in_use_ = 0, orphans_ = 0;
};

}  // namespace crossfade::nodes
