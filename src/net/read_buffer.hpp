// What a stream has received and its user has not yet consumed: one contiguous piece of memory.
#pragma once

#include <cstdint>
#include <memory>
#include <span>

namespace crossfade::net {

// Bytes are appended at the end and consumed at the front. They move only when the room behind them gets short, and the
// memory grows (by doubling) only when three quarters of it are what nobody consumed. Not initialised, so that only
// pages that were read into count.
class ReadBuffer {
public:
    static constexpr std::size_t normal_capacity = 64U * 1024U;

    // Room to read into, at least a quarter of the capacity.
    std::span<std::uint8_t> prepare();
    // `count` bytes of the room are filled.
    void commit(std::size_t count) { end_ += count; }
    // All that is not consumed. Valid until the next prepare() or trim().
    std::span<std::uint8_t> unread() { return {memory_.get() + begin_, end_ - begin_}; }
    void consume(std::size_t count);

    bool empty() const { return begin_ == end_; }
    std::size_t capacity() const { return capacity_; }
    bool is_grown() const { return capacity_ > normal_capacity; }
    // To be called now and then while is_grown(): gives the memory back when less than a quarter of it was needed since
    // the last call.
    void trim();

private:
    void move_to(std::size_t capacity);

    std::unique_ptr<std::uint8_t[]> memory_;
    std::size_t capacity_ = 0;
    std::size_t begin_ = 0, end_ = 0;
    std::size_t most_needed_ = 0;  // since the last trim()
};

}  // namespace crossfade::net
