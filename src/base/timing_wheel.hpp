// Deadlines for many things at little cost: one coarse wheel, intrusive entries, no allocation, O(1) to insert and
// cancel.
#pragma once

#include <array>
#include <bit>
#include <chrono>
#include <cstdint>
#include <optional>

namespace crossfade::base {

// Something with at most one deadline, embedded in whatever has it. Destroying it cancels it. One thread, the wheel's.
class WheelEntry {
public:
    WheelEntry() = default;
    WheelEntry(const WheelEntry&) = delete;
    WheelEntry& operator=(const WheelEntry&) = delete;
    bool is_armed() const { return previous_ != nullptr; }
    void disarm() {
        if (previous_ == nullptr) return;
        previous_->next_ = next_;
        if (next_ != nullptr) next_->previous_ = previous_;
        previous_ = next_ = nullptr;
    }

protected:
    virtual ~WheelEntry() { disarm(); }
    // Its time has come. It is no longer armed; it may arm itself again or be destroyed.
    virtual void on_expired() = 0;

private:
    friend class TimingWheel;
    WheelEntry* previous_ = nullptr;
    WheelEntry* next_ = nullptr;
    std::uint64_t tick_ = 0;
};

// Never early, late by at most one tick and however late advance() is called. Deadlines past one turn of the wheel
// (4096 ticks) stay in their slot for several turns. The wheel outlives advance(): a callback must not destroy it.
class TimingWheel {
public:
    using TimePoint = std::chrono::steady_clock::time_point;

    explicit TimingWheel(TimePoint start, std::chrono::milliseconds tick = std::chrono::milliseconds(10))
        : start_(start), tick_(tick) {}
    // Entries that are still armed when the wheel goes are disarmed.
    ~TimingWheel() {
        for (Head& head : slots_)
            while (head.next_ != nullptr) head.next_->disarm();
    }
    TimingWheel(const TimingWheel&) = delete;
    TimingWheel& operator=(const TimingWheel&) = delete;

    // (Re)arms `entry` for `when`.
    void arm(WheelEntry& entry, TimePoint when) {
        entry.disarm();
        const std::uint64_t due =
            when <= start_ ? 0
                           : static_cast<std::uint64_t>((when - start_ + tick_ - std::chrono::nanoseconds(1)) / tick_);
        entry.tick_ = due > now_ ? due : now_ + 1;
        const std::size_t slot = entry.tick_ % slot_count;
        Head& head = slots_[slot];
        entry.next_ = head.next_;
        entry.previous_ = &head;
        if (head.next_ != nullptr) head.next_->previous_ = &entry;
        head.next_ = &entry;
        occupied_[slot / 64] |= std::uint64_t{1} << (slot % 64);
    }

    // Expires everything due at or before `now`. Entries armed meanwhile wait for their own tick.
    void advance(TimePoint now) {
        if (now <= start_) return;
        const auto until = static_cast<std::uint64_t>((now - start_) / tick_);
        // After a long pause one look into each slot is enough.
        if (until > now_ + slot_count) now_ = until - slot_count;
        while (now_ < until) {
            ++now_;
            if (is_occupied(now_ % slot_count)) expire(slots_[now_ % slot_count]);
        }
    }

    // The earliest time at which advance() may have something to do; nothing when no entry is armed. A deadline more
    // than one turn of the wheel away counts as due at each turn in between.
    std::optional<TimePoint> next() {
        for (std::uint64_t tick = now_ + 1; tick <= now_ + slot_count;) {
            const std::size_t slot = tick % slot_count;
            const std::uint64_t rest = occupied_[slot / 64] >> (slot % 64);
            if (rest == 0) {
                tick += 64 - slot % 64;
                continue;
            }
            tick += static_cast<std::uint64_t>(std::countr_zero(rest));
            // Cancelled entries leave their mark behind; whoever comes by wipes it off.
            if (is_occupied(tick % slot_count)) return start_ + static_cast<std::int64_t>(tick) * tick_;
        }
        return std::nullopt;
    }

private:
    static constexpr std::size_t slot_count = 4096;

    struct Head final : WheelEntry {
        void on_expired() override {}
    };

    bool is_occupied(std::size_t slot) {
        if (slots_[slot].next_ != nullptr) return true;
        occupied_[slot / 64] &= ~(std::uint64_t{1} << (slot % 64));
        return false;
    }

    void expire(Head& head) {
        // The due ones move to a list of their own first: a callback may disarm or arm any entry.
        Head due;
        for (WheelEntry* entry = head.next_; entry != nullptr;) {
            WheelEntry* const next = entry->next_;
            if (entry->tick_ <= now_) {
                entry->disarm();
                entry->next_ = due.next_;
                entry->previous_ = &due;
                if (due.next_ != nullptr) due.next_->previous_ = entry;
                due.next_ = entry;
            }
            entry = next;
        }
        while (due.next_ != nullptr) {
            WheelEntry* const entry = due.next_;
            entry->disarm();
            entry->on_expired();
        }
    }

    const TimePoint start_;
    const std::chrono::nanoseconds tick_;
    std::uint64_t now_ = 0;
    std::array<Head, slot_count> slots_;
    std::array<std::uint64_t, slot_count / 64> occupied_{};
};

}  // namespace crossfade::base
