#include "net/read_buffer.hpp"

#include <algorithm>
#include <bit>
#include <cstring>

namespace crossfade::net {

std::span<std::uint8_t> ReadBuffer::prepare() {
    const std::size_t unread = end_ - begin_;
    if (capacity_ == 0) {
        move_to(normal_capacity);
    } else if (capacity_ - end_ < capacity_ / 4) {
        if (capacity_ - unread < capacity_ / 4) {
            move_to(capacity_ * 2);
        } else {
            std::memmove(memory_.get(), memory_.get() + begin_, unread);
            begin_ = 0;
            end_ = unread;
        }
    }
    return {memory_.get() + end_, capacity_ - end_};
}

void ReadBuffer::consume(std::size_t count) {
    most_needed_ = std::max(most_needed_, end_ - begin_);
    begin_ += std::min(count, end_ - begin_);
    // Back to the front, whose cache lines are warm.
    if (begin_ == end_) begin_ = end_ = 0;
}

void ReadBuffer::trim() {
    const std::size_t needed = std::max(most_needed_, end_ - begin_);
    most_needed_ = 0;
    if (is_grown() && needed < capacity_ / 4) move_to(std::max(normal_capacity, std::bit_ceil(needed * 2)));
}

void ReadBuffer::move_to(std::size_t capacity) {
    std::unique_ptr<std::uint8_t[]> memory(new std::uint8_t[capacity]);
    const std::size_t unread = end_ - begin_;
    if (unread > 0) std::memcpy(memory.get(), memory_.get() + begin_, unread);
    memory_ = std::move(memory);
    capacity_ = capacity;
    begin_ = 0;
    end_ = unread;
}

}  // namespace crossfade::net
