// The 9-byte header of a frame (v3, v4, DSE) or envelope (v5), and finding frames in a stream of bytes (§2 of every
// version).
#pragma once

#include <cstdint>
#include <functional>

#include "cql/protocol.hpp"
#include "cql/wire.hpp"

namespace crossfade::cql {

constexpr std::size_t frame_header_size = 9;

struct FrameHeader {
    std::uint8_t version = 0;  // as sent, without the direction bit
    bool is_response = false;
    std::uint8_t flags = 0;
    std::int16_t stream_id = 0;
    Opcode opcode = Opcode::error;
    std::uint32_t body_length = 0;
};

// Reads a header from exactly frame_header_size bytes at `at`. Checks nothing.
FrameHeader read_frame_header(const std::uint8_t* at);
// Writes `header` to frame_header_size bytes at `at`.
void write_frame_header(std::uint8_t* at, const FrameHeader& header);
// Patches only the stream id of an encoded header.
inline void patch_stream_id(std::uint8_t* header, std::uint16_t stream_id) {
    store_short(header + 2, stream_id);
}
inline void patch_body_length(std::uint8_t* header, std::uint32_t length) {
    store_int(header + 5, length);
}

// A frame seen in a buffer that somebody else owns.
struct FrameView {
    FrameHeader header;
    ByteView bytes;  // header and body
    ByteView body() const { return bytes.subspan(frame_header_size); }
};

// What is at the start of `bytes`: a whole frame, a part of one (then `needed` tells how many bytes it will have in
// all, or frame_header_size when not even the header is there), or something that must end the connection.
struct FrameScan {
    enum class State : std::uint8_t { whole, partial, refused };
    State state = State::partial;
    FrameView frame;         // whole: the frame; refused: only its header is filled
    std::size_t needed = 0;  // partial
    std::string_view why;    // refused: static text
};
// Nothing is allocated from the length: a header whose body exceeds `largest_body` is refused (SEMANTICS,
// Backpressure). The version is not judged here: an unknown one is for the caller to answer with PROTOCOL_ERROR.
FrameScan scan_frame(ByteView bytes, std::uint32_t largest_body);

// What a response body starts with when its header's flags say so, in this order (§2.2): tracing id, warnings, custom
// payload. Each is a view of the raw notation; the message itself begins at `size`.
struct BodyPrefix {
    ByteView tracing_id;      // 16 bytes or empty
    ByteView warnings;        // [string list] as sent or empty
    ByteView custom_payload;  // [bytes map] as sent or empty
    std::size_t size = 0;     // bytes before the message
};
// For requests only custom_payload can be there. Errors: bad_input when the body is too short.
base::Result<BodyPrefix> read_body_prefix(const FrameHeader& header, ByteView body);

// Appends a whole frame to `out`: header, then `write_body(writer)`, then the length is patched in. `version` is the
// request's version without the direction bit; `is_response` sets that bit.
template <class WriteBody>
void append_frame(Bytes& out, std::uint8_t version, bool is_response, std::uint8_t flags, std::uint16_t stream_id,
                  Opcode opcode, WriteBody&& write_body) {
    const std::size_t start = out.size();
    out.resize(start + frame_header_size);
    Writer writer(out);
    write_body(writer);
    write_frame_header(out.data() + start,
                       FrameHeader{version, is_response, flags, static_cast<std::int16_t>(stream_id), opcode,
                                   static_cast<std::uint32_t>(out.size() - start - frame_header_size)});
}

}  // namespace crossfade::cql
