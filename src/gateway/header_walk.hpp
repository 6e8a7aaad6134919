// Finds the headers of frames in a stream of bytes, however these are cut, without keeping a body.
#pragma once

#include <algorithm>
#include <array>
#include <cstring>

#include "cql/frame.hpp"

namespace crossfade::gateway {

class HeaderWalk {
public:
    // Calls `visit(header)` for each header that is whole with these bytes, the next ones of the stream, until it gives
    // false; gives that.
    template <class Visit>
    bool walk(base::ByteView bytes, Visit&& visit) {
        while (!bytes.empty()) {
            if (left_of_body_ > 0) {
                const std::size_t here = std::min(left_of_body_, bytes.size());
                left_of_body_ -= here;
                bytes = bytes.subspan(here);
                continue;
            }
            const std::size_t here = std::min(header_.size() - size_, bytes.size());
            std::memcpy(header_.data() + size_, bytes.data(), here);
            size_ += here;
            bytes = bytes.subspan(here);
            if (size_ < header_.size()) return true;
            size_ = 0;
            const cql::FrameHeader header = cql::read_frame_header(header_.data());
            left_of_body_ = header.body_length;
            if (!visit(header)) return false;
        }
        return true;
    }

    // Some bytes of a header or a body came, and not all.
    bool is_inside() const { return size_ > 0 || left_of_body_ > 0; }

private:
    std::array<std::uint8_t, cql::frame_header_size> header_{};
    std::size_t size_ = 0;  // of the header that is not whole yet
    std::size_t left_of_body_ = 0;
};

}  // namespace crossfade::gateway
