#include "cql/frame.hpp"

namespace crossfade::cql {

FrameHeader read_frame_header(const std::uint8_t* at) {
    FrameHeader header;
    header.version = at[0] & 0x7FU;
    header.is_response = (at[0] & 0x80U) != 0;
    header.flags = at[1];
    header.stream_id = static_cast<std::int16_t>(load_short(at + 2));
    header.opcode = static_cast<Opcode>(at[4]);
    header.body_length = load_int(at + 5);
    return header;
}

void write_frame_header(std::uint8_t* at, const FrameHeader& header) {
    at[0] = static_cast<std::uint8_t>(header.version | (header.is_response ? 0x80U : 0U));
    at[1] = header.flags;
    store_short(at + 2, static_cast<std::uint16_t>(header.stream_id));
    at[4] = static_cast<std::uint8_t>(header.opcode);
    store_int(at + 5, header.body_length);
}

FrameScan scan_frame(ByteView bytes, std::uint32_t largest_body) {
    FrameScan scan;
    if (bytes.size() < frame_header_size) {
        scan.needed = frame_header_size;
        return scan;
    }
    scan.frame.header = read_frame_header(bytes.data());
    if (scan.frame.header.body_length > largest_body) {
        scan.state = FrameScan::State::refused;
        scan.why = "the frame is longer than is allowed";
        return scan;
    }
    const std::size_t size = frame_header_size + scan.frame.header.body_length;
    if (bytes.size() < size) {
        scan.needed = size;
        return scan;
    }
    scan.state = FrameScan::State::whole;
    scan.frame.bytes = bytes.first(size);
    return scan;
}

base::Result<BodyPrefix> read_body_prefix(const FrameHeader& header, ByteView body) {
    BodyPrefix prefix;
    Reader in(body);
    if (header.is_response && (header.flags & frame_flag::tracing) != 0) prefix.tracing_id = in.raw(16);
    if (header.is_response && (header.flags & frame_flag::warning) != 0) {
        const std::size_t start = in.position();
        const std::uint16_t count = in.short_number();
        for (std::uint16_t i = 0; i < count && in.ok(); ++i) in.string();
        if (in.ok()) prefix.warnings = body.subspan(start, in.position() - start);
    }
    if ((header.flags & frame_flag::custom_payload) != 0) {
        const std::size_t start = in.position();
        const std::uint16_t count = in.short_number();
        for (std::uint16_t i = 0; i < count && in.ok(); ++i) {
            in.string();
            in.value();
        }
        if (in.ok()) prefix.custom_payload = body.subspan(start, in.position() - start);
    }
    if (!in.ok())
        return base::fail(base::ErrorKind::bad_input,
                          "the frame ends inside its tracing id, warnings or custom payload");
    prefix.size = in.position();
    return prefix;
}

}  // namespace crossfade::cql
