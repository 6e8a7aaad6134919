#include "cql/segment.hpp"

#include <lz4.h>
#include <zlib.h>

#include <array>

#include "cql/frame.hpp"

namespace crossfade::cql {
namespace {

constexpr std::uint32_t crc24_initial = 0x875060;
constexpr std::uint32_t crc24_polynomial = 0x1974F0B;
constexpr std::size_t plain_header = 3, lz4_header = 5, crc24_size = 3, crc32_size = 4;

// With its CRC24.
constexpr std::size_t header_size_of(SegmentCompression compression) {
    return (compression == SegmentCompression::none ? plain_header : lz4_header) + crc24_size;
}

constexpr std::array<std::uint32_t, 256> make_crc24_table() {
    std::array<std::uint32_t, 256> table{};
    for (std::uint32_t byte = 0; byte < 256; ++byte) {
        std::uint32_t crc = byte << 16U;
        for (int bit = 0; bit < 8; ++bit) {
            crc <<= 1U;
            if ((crc & 0x1000000U) != 0) crc ^= crc24_polynomial;
        }
        table[byte] = crc & 0xFFFFFFU;
    }
    return table;
}
constexpr auto crc24_table = make_crc24_table();

void store_little_endian(std::uint8_t* at, std::uint64_t value, std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) at[i] = static_cast<std::uint8_t>(value >> (8 * i));
}

std::uint64_t read_little_endian(const std::uint8_t* at, std::size_t count) {
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < count; ++i) value |= static_cast<std::uint64_t>(at[i]) << (8 * i);
    return value;
}

// The header with its CRC24, at `at`. An uncompressed length of 0 says that the payload goes as it is (LZ4 headers
// only).
void store_header(std::uint8_t* at, std::size_t sent, std::size_t uncompressed, bool is_self_contained,
                  SegmentCompression compression) {
    const bool is_plain = compression == SegmentCompression::none;
    const std::size_t size = is_plain ? plain_header : lz4_header;
    const std::uint64_t header = sent | (static_cast<std::uint64_t>(uncompressed) << 17U) |
                                 (static_cast<std::uint64_t>(is_self_contained) << (is_plain ? 17U : 34U));
    store_little_endian(at, header, size);
    store_little_endian(at + size, crc24(header, static_cast<int>(size)), crc24_size);
}

void append_crc32(Bytes& out, std::size_t payload_at) {
    std::uint8_t crc[crc32_size];
    store_little_endian(crc, crc32_of_payload(ByteView(out).subspan(payload_at)), crc32_size);
    base::append(out, crc);
}

// Appends a segment of the compressed payload, or gives false and leaves `out` alone when it does not shrink.
bool append_compressed(Bytes& out, ByteView payload, bool is_self_contained) {
    if (payload.size() < 2) return false;
    const std::size_t start = out.size();
    const std::size_t payload_at = start + lz4_header + crc24_size;
    // Room for less than the payload only: LZ4 gives up where it would not shrink.
    out.resize(payload_at + payload.size());
    const int size = LZ4_compress_default(reinterpret_cast<const char*>(payload.data()),
                                          reinterpret_cast<char*>(out.data() + payload_at),
                                          static_cast<int>(payload.size()), static_cast<int>(payload.size()) - 1);
    if (size <= 0) {
        out.resize(start);
        return false;
    }
    out.resize(payload_at + static_cast<std::size_t>(size));
    store_header(out.data() + start, static_cast<std::size_t>(size), payload.size(), is_self_contained,
                 SegmentCompression::lz4);
    append_crc32(out, payload_at);
    return true;
}

void append_segment(Bytes& out, ByteView payload, bool is_self_contained, SegmentCompression compression) {
    if (compression == SegmentCompression::lz4 && append_compressed(out, payload, is_self_contained)) return;
    std::uint8_t header[lz4_header + crc24_size];
    store_header(header, payload.size(), 0, is_self_contained, compression);
    base::append(out, ByteView(header).first(header_size_of(compression)));
    const std::size_t payload_at = out.size();
    base::append(out, payload);
    append_crc32(out, payload_at);
}

}  // namespace

std::uint32_t crc24(std::uint64_t header, int length_bytes) {
    std::uint32_t crc = crc24_initial;
    for (int i = 0; i < length_bytes; ++i) {
        const auto byte = static_cast<std::uint32_t>((header >> (8 * i)) & 0xFFU);
        crc = ((crc << 8U) & 0xFFFFFFU) ^ crc24_table[((crc >> 16U) ^ byte) & 0xFFU];
    }
    return crc;
}

std::uint32_t crc32_of_payload(ByteView payload) {
    static constexpr std::uint8_t lead[] = {0xFA, 0x2D, 0x55, 0xCA};
    static const auto initial = static_cast<std::uint32_t>(::crc32(0, lead, sizeof lead));
    if (payload.empty()) return initial;  // zlib takes a null pointer for a question about its initial value
    return static_cast<std::uint32_t>(::crc32_z(initial, payload.data(), payload.size()));
}

void append_segments(Bytes& out, ByteView envelopes, SegmentCompression compression) {
    std::size_t begin = 0;  // of the envelopes that the next segment takes
    std::size_t end = 0;
    while (begin < envelopes.size()) {
        // As many whole envelopes as fit.
        while (end + frame_header_size <= envelopes.size()) {
            const std::size_t size = frame_header_size + load_int(envelopes.data() + end + 5);
            if (end + size - begin > largest_segment_payload || end + size > envelopes.size()) break;
            end += size;
        }
        if (end > begin) {
            append_segment(out, envelopes.subspan(begin, end - begin), true, compression);
            begin = end;
            continue;
        }
        // One that is larger than a segment (or, at the end, whatever is left): a run of parts.
        std::size_t left = envelopes.size() - begin;
        if (left >= frame_header_size)
            left = std::min<std::size_t>(left, frame_header_size + load_int(envelopes.data() + begin + 5));
        while (left > 0) {
            const std::size_t part = std::min(left, largest_segment_payload);
            append_segment(out, envelopes.subspan(begin, part), false, compression);
            begin += part;
            left -= part;
        }
        end = begin;
    }
}

base::Result<SegmentScan> scan_segment(ByteView bytes, SegmentCompression compression) {
    const bool is_plain = compression == SegmentCompression::none;
    const std::size_t fields = is_plain ? plain_header : lz4_header;
    SegmentScan scan;
    scan.payload_offset = header_size_of(compression);
    if (bytes.size() < scan.payload_offset) {
        scan.size = scan.payload_offset;
        return scan;
    }
    const std::uint64_t header = read_little_endian(bytes.data(), fields);
    if (crc24(header, static_cast<int>(fields)) != read_little_endian(bytes.data() + fields, crc24_size))
        return base::fail(base::ErrorKind::protocol, "a v5 segment's header does not match its CRC24");
    scan.payload_size = header & largest_segment_payload;
    scan.uncompressed_size = is_plain ? 0 : (header >> 17U) & largest_segment_payload;
    scan.is_self_contained = ((header >> (is_plain ? 17U : 34U)) & 1U) != 0;
    scan.size = scan.payload_offset + scan.payload_size + crc32_size;
    if (bytes.size() < scan.size) return scan;
    const ByteView payload = bytes.subspan(scan.payload_offset, scan.payload_size);
    if (crc32_of_payload(payload) !=
        read_little_endian(bytes.data() + scan.payload_offset + scan.payload_size, crc32_size))
        return base::fail(base::ErrorKind::protocol, "a v5 segment's payload does not match its CRC32");
    scan.is_whole = true;
    return scan;
}

base::Result<std::size_t> SegmentDecoder::decode(ByteView bytes, Bytes& envelopes) {
    std::size_t used = 0;
    while (used < bytes.size()) {
        const auto scan = scan_segment(bytes.subspan(used), compression_);
        if (!scan) return base::fail(scan.error());
        if (!scan->is_whole) break;
        const ByteView payload = bytes.subspan(used + scan->payload_offset, scan->payload_size);
        used += scan->size;
        if (scan->uncompressed_size == 0) {
            base::append(envelopes, payload);
            continue;
        }
        const std::size_t start = envelopes.size();
        const auto expected = static_cast<int>(scan->uncompressed_size);
        envelopes.resize(start + scan->uncompressed_size);
        if (LZ4_decompress_safe(reinterpret_cast<const char*>(payload.data()),
                                reinterpret_cast<char*>(envelopes.data() + start), static_cast<int>(payload.size()),
                                expected) != expected) {
            envelopes.resize(start);
            return base::fail(base::ErrorKind::protocol,
                              "a v5 segment's LZ4 payload does not decompress to its stated length");
        }
    }
    return used;
}

}  // namespace crossfade::cql
