// Segments: the checksummed outer framing of protocol v5 (native_protocol_v5.spec §2.1, as of Cassandra 4.0).
#pragma once

#include <cstdint>
#include <optional>

#include "cql/wire.hpp"

namespace crossfade::cql {

constexpr std::size_t largest_segment_payload = 131071;

enum class SegmentCompression : std::uint8_t { none, lz4 };

std::uint32_t crc24(std::uint64_t header, int length_bytes);  // over the header's bytes, low byte first
std::uint32_t crc32_of_payload(ByteView payload);             // IEEE, with FA 2D 55 CA fed before

// Appends `envelopes` (whole envelopes, any number, any length) to `out` as segments: as many whole envelopes in each
// self-contained segment as fit, one larger than a segment as a run of non-self-contained ones. With lz4 a payload that
// does not shrink is sent as it is. Precondition: `envelopes` does not lie in `out`.
void append_segments(Bytes& out, ByteView envelopes, SegmentCompression compression);

// What is at the start of `bytes`. A payload that is not compressed (uncompressed_size 0) can be used where it lies.
struct SegmentScan {
    bool is_whole = false;           // all of it is there, and its payload matches its CRC32
    bool is_self_contained = false;  // whole envelopes; else a part of one that goes on in the next segments
    std::size_t size = 0;            // of the segment; of the header alone as long as that is not there
    std::size_t payload_offset = 0;
    std::size_t payload_size = 0;       // as sent
    std::size_t uncompressed_size = 0;  // 0: not compressed
};
// Errors (protocol): a checksum that does not match. The header is judged before the payload is there.
base::Result<SegmentScan> scan_segment(ByteView bytes, SegmentCompression compression);

// Turns a stream of segment bytes back into a stream of envelope bytes. Own one for each connection and direction.
class SegmentDecoder {
public:
    explicit SegmentDecoder(SegmentCompression compression) : compression_(compression) {}

    // Takes whole segments from the start of `bytes` and appends their payloads to `envelopes`; gives how many bytes it
    // used (0 when not even one whole segment is there). Errors (protocol): a checksum that does not match or a wrong
    // length; the connection must end, there is no way to resynchronise. Allocates at most one segment's payload beyond
    // `envelopes`.
    base::Result<std::size_t> decode(ByteView bytes, Bytes& envelopes);

private:
    SegmentCompression compression_;
};

}  // namespace crossfade::cql
