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

void append_little_endian(Bytes& out, std::uint64_t value, std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) out.push_back(static_cast<std::uint8_t>(value >> (8 * i)));
}

std::uint64_t read_little_endian(const std::uint8_t* at, std::size_t count) {
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < count; ++i) value |= static_cast<std::uint64_t>(at[i]) << (8 * i);
    return value;
}

void append_segment(Bytes& out, ByteView payload, bool is_self_contained, SegmentCompression compression) {
    const std::size_t start = out.size();
    if (compression == SegmentCompression::none) {
        const std::uint64_t header = payload.size() | (is_self_contained ? 1ULL << 17U : 0);
        append_little_endian(out, header, plain_header);
        append_little_endian(out, crc24(header, plain_header), crc24_size);
        base::append(out, payload);
    } else {
        constexpr std::size_t before = lz4_header + crc24_size;
        const int bound = LZ4_compressBound(static_cast<int>(payload.size()));
        out.resize(start + before + static_cast<std::size_t>(bound));
        const int size = LZ4_compress_default(reinterpret_cast<const char*>(payload.data()), reinterpret_cast<char*>(out.data() + start + before),
                                              static_cast<int>(payload.size()), bound);
        // An uncompressed length of 0 says that the payload goes as it is.
        const bool shrank = size > 0 && static_cast<std::size_t>(size) < payload.size();
        const std::uint64_t header = (shrank ? static_cast<std::uint64_t>(size) : payload.size()) |
                                     (shrank ? static_cast<std::uint64_t>(payload.size()) << 17U : 0) | (is_self_contained ? 1ULL << 34U : 0);
        Bytes head;
        append_little_endian(head, header, lz4_header);
        append_little_endian(head, crc24(header, lz4_header), crc24_size);
        std::copy(head.begin(), head.end(), out.begin() + static_cast<std::ptrdiff_t>(start));
        if (shrank) {
            out.resize(start + before + static_cast<std::size_t>(size));
        } else {
            out.resize(start + before);
            base::append(out, payload);
        }
    }
    const std::size_t payload_at = start + (compression == SegmentCompression::none ? plain_header : lz4_header) + crc24_size;
    append_little_endian(out, crc32_of_payload(ByteView(out).subspan(payload_at)), crc32_size);
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
        if (left >= frame_header_size) left = std::min<std::size_t>(left, frame_header_size + load_int(envelopes.data() + begin + 5));
        while (left > 0) {
            const std::size_t part = std::min(left, largest_segment_payload);
            append_segment(out, envelopes.subspan(begin, part), false, compression);
            begin += part;
            left -= part;
        }
        end = begin;
    }
}

base::Result<std::size_t> SegmentDecoder::decode(ByteView bytes, Bytes& envelopes) {
    const std::size_t header_size = compression_ == SegmentCompression::none ? plain_header : lz4_header;
    std::size_t used = 0;
    while (bytes.size() - used >= header_size + crc24_size) {
        const std::uint8_t* const at = bytes.data() + used;
        const std::uint64_t header = read_little_endian(at, header_size);
        if (crc24(header, static_cast<int>(header_size)) != read_little_endian(at + header_size, crc24_size))
            return base::fail(base::ErrorKind::protocol, "a v5 segment's header does not match its CRC24");
        const std::size_t sent = header & 0x1FFFFU;
        const std::size_t whole = header_size + crc24_size + sent + crc32_size;
        if (bytes.size() - used < whole) break;
        const ByteView payload = bytes.subspan(used + header_size + crc24_size, sent);
        if (crc32_of_payload(payload) != read_little_endian(payload.data() + sent, crc32_size))
            return base::fail(base::ErrorKind::protocol, "a v5 segment's payload does not match its CRC32");
        const std::size_t uncompressed = compression_ == SegmentCompression::none ? 0 : (header >> 17U) & 0x1FFFFU;
        if (uncompressed == 0) {
            base::append(envelopes, payload);
        } else {
            const std::size_t start = envelopes.size();
            envelopes.resize(start + uncompressed);
            const int size = LZ4_decompress_safe(reinterpret_cast<const char*>(payload.data()), reinterpret_cast<char*>(envelopes.data() + start),
                                                 static_cast<int>(sent), static_cast<int>(uncompressed));
            if (size != static_cast<int>(uncompressed))
                return base::fail(base::ErrorKind::protocol, "a v5 segment's LZ4 payload does not decompress to its stated length");
        }
        used += whole;
    }
    return used;
}

}  // namespace crossfade::cql
