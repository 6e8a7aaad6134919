// Whole frames out of one direction of a connection that has logged in: v3 and v4 frames as they are, v5 envelopes out
// of their segments.
#pragma once

#include <optional>
#include <span>

#include "cql/compression.hpp"
#include "cql/frame.hpp"
#include "cql/protocol.hpp"
#include "cql/segment.hpp"
#include "gateway/header_walk.hpp"

namespace crossfade::gateway {

class FrameReader {
public:
    FrameReader(cql::ProtocolVersion version, cql::Compression compression)
        : compression_(compression),
          segments_(compression == cql::Compression::lz4 ? cql::SegmentCompression::lz4
                                                         : cql::SegmentCompression::none),
          has_segments_(cql::has_segments(version)) {}

    // Calls `visit(header, frame)` for each whole frame of `bytes` (what came and was not consumed) and of what is kept
    // from before, until it gives false: the rest is for later. Gives how many bytes were consumed. Errors: protocol.
    template <class Visit>
    base::Result<std::size_t> read(std::span<std::uint8_t> bytes, Visit&& visit) {
        if (!has_segments_) {
            const auto used = each(bytes, visit);
            is_inside_ = used && *used < bytes.size();
            return used;
        }
        const auto used = segments_.decode(bytes, kept_);
        if (!used) return used;
        const auto taken = each(kept_, visit);
        if (!taken) return taken;
        kept_.erase(kept_.begin(), kept_.begin() + static_cast<std::ptrdiff_t>(*taken));
        is_inside_ = *used < bytes.size() || !kept_.empty();
        if (kept_.empty() && kept_.capacity() > (1U << 20U)) base::Bytes().swap(kept_);
        return used;
    }

    // Calls `visit(header)` for each header of the bytes, the next ones of the stream, until it gives false; keeps no
    // bodies. Gives how many bytes were consumed: whole segments, or all. Errors: protocol. Either this or read().
    template <class Visit>
    base::Result<std::size_t> read_headers(base::ByteView bytes, Visit&& visit) {
        if (!has_segments_) {
            headers_.walk(bytes, visit);
            is_inside_ = headers_.is_inside();
            return bytes.size();
        }
        kept_.clear();
        const auto used = segments_.decode(bytes, kept_);
        if (used) headers_.walk(kept_, visit);
        is_inside_ = headers_.is_inside() || (used && *used < bytes.size());
        if (kept_.capacity() > (1U << 20U)) base::Bytes().swap(kept_);
        return used;
    }

    // A part of a frame has come, and what is left of it has not.
    bool is_inside() const { return is_inside_; }

    // The frame not compressed: itself, or opened into a buffer that lives until the next call. Errors: bad_input.
    base::Result<std::span<std::uint8_t>> open(const cql::FrameHeader& header, std::span<std::uint8_t> frame) {
        if ((header.flags & cql::frame_flag::compressed) == 0 || has_segments_) return frame;
        opened_.assign(frame.begin(), frame.begin() + cql::frame_header_size);
        if (const auto opened =
                cql::decompress(compression_, frame.subspan(cql::frame_header_size), cql::largest_frame, opened_);
            !opened)
            return base::fail(opened.error());
        opened_[1] &= static_cast<std::uint8_t>(~cql::frame_flag::compressed);
        cql::patch_body_length(opened_.data(), static_cast<std::uint32_t>(opened_.size() - cql::frame_header_size));
        return std::span<std::uint8_t>(opened_);
    }

    // Appends frames that were read, or made, in the form that this direction has.
    void append(base::ByteView frames, base::Bytes& out) const {
        if (frames.empty()) return;
        if (has_segments_)
            cql::append_segments(
                out, frames,
                compression_ == cql::Compression::lz4 ? cql::SegmentCompression::lz4 : cql::SegmentCompression::none);
        else
            base::append(out, frames);
    }

private:
    template <class Visit>
    base::Result<std::size_t> each(std::span<std::uint8_t> bytes, Visit& visit) {
        std::size_t used = 0;
        while (true) {
            const auto scan = cql::scan_frame(bytes.subspan(used), cql::largest_frame);
            if (scan.state == cql::FrameScan::State::partial) return used;
            if (scan.state == cql::FrameScan::State::refused)
                return base::fail(base::ErrorKind::protocol, std::string(scan.why));
            const std::size_t size = scan.frame.bytes.size();
            if (!visit(scan.frame.header, bytes.subspan(used, size))) return used;
            used += size;
        }
    }

    const cql::Compression compression_;
    cql::SegmentDecoder segments_;
    const bool has_segments_;
    bool is_inside_ = false;
    HeaderWalk headers_;
    base::Bytes kept_, opened_;
};

}  // namespace crossfade::gateway
