// Finds the headers of envelopes in a stream of v5 segments, however these are cut, without keeping one that is not
// compressed. Payloads are not checked: whoever they are for does that.
#pragma once

#include <algorithm>
#include <array>
#include <cstring>

#include "cql/compression.hpp"
#include "cql/segment.hpp"
#include "gateway/header_walk.hpp"

namespace crossfade::gateway {

class SegmentWalk {
public:
    explicit SegmentWalk(cql::SegmentCompression compression)
        : compression_(compression), header_size_(compression == cql::SegmentCompression::none ? 6 : 8) {}

    // Calls `visit(header)` for each header that is whole with these bytes, the next ones of the stream. What is no
    // segment makes it lose its way for good: then nothing is visited any more.
    template <class Visit>
    void walk(base::ByteView bytes, Visit&& visit) {
        const auto always = [&visit](const cql::FrameHeader& header) {
            visit(header);
            return true;
        };
        while (!bytes.empty() && !is_lost_) {
            if (left_of_payload_ > 0) {
                const std::size_t here = std::min(left_of_payload_, bytes.size());
                if (is_compressed_)
                    base::append(block_, bytes.first(here));
                else
                    envelopes_.walk(bytes.first(here), always);
                left_of_payload_ -= here;
                bytes = bytes.subspan(here);
                if (left_of_payload_ == 0 && is_compressed_) open_block(always);
            } else if (left_of_checksum_ > 0) {
                const std::size_t here = std::min(left_of_checksum_, bytes.size());
                left_of_checksum_ -= here;
                bytes = bytes.subspan(here);
            } else {
                const std::size_t here = std::min(header_size_ - size_, bytes.size());
                std::memcpy(header_.data() + size_, bytes.data(), here);
                size_ += here;
                bytes = bytes.subspan(here);
                if (size_ == header_size_) begin_segment();
            }
        }
    }

    // All that came are whole segments, with whole envelopes.
    bool is_between() const {
        return !is_lost_ && size_ == 0 && left_of_payload_ == 0 && left_of_checksum_ == 0 && !envelopes_.is_inside();
    }

private:
    static constexpr std::size_t checksum_size = 4, largest_kept = 8U << 10U;

    void begin_segment() {
        size_ = 0;
        const auto segment = cql::scan_segment(base::ByteView(header_).first(header_size_), compression_);
        if (!segment) {
            is_lost_ = true;
            return;
        }
        left_of_payload_ = segment->payload_size;
        left_of_checksum_ = checksum_size;
        is_compressed_ = segment->uncompressed_size > 0;
        if (!is_compressed_) return;
        // As cql::decompress() takes it: the length first.
        block_.resize(sizeof(std::uint32_t));
        cql::store_int(block_.data(), static_cast<std::uint32_t>(segment->uncompressed_size));
    }

    template <class Visit>
    void open_block(Visit& visit) {
        opened_.clear();
        if (cql::decompress(cql::Compression::lz4, block_, cql::largest_segment_payload, opened_))
            envelopes_.walk(opened_, visit);
        else
            is_lost_ = true;
        // There is one of these for each client.
        for (base::Bytes* const scratch : {&block_, &opened_})
            if (scratch->capacity() > largest_kept) base::Bytes().swap(*scratch);
    }

    const cql::SegmentCompression compression_;
    const std::size_t header_size_;  // with its CRC24
    std::array<std::uint8_t, 8> header_{};
    std::size_t size_ = 0;  // of the header that is not whole yet
    std::size_t left_of_payload_ = 0, left_of_checksum_ = 0;
    bool is_compressed_ = false, is_lost_ = false;
    HeaderWalk envelopes_;
    base::Bytes block_, opened_;  // of a compressed segment
};

}  // namespace crossfade::gateway
