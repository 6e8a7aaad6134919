// v5 segments. Input: [compression][what the rest is][split][bytes]; the rest is 0: a stream of segments, 1: envelopes
// to be framed, 2: claimed uncompressed length (2 bytes) and payload of one segment, which gets right checksums (no
// fuzzer would guess them).
#include "cql/segment.hpp"
#include "fuzz_input.hpp"

using namespace crossfade;

namespace {

// A stream gives the same envelopes at once and in two parts.
void decode(cql::SegmentCompression compression, cql::ByteView bytes, std::size_t split) {
    cql::Bytes whole, parts;
    const auto at_once = cql::SegmentDecoder(compression).decode(bytes, whole);
    cql::SegmentDecoder decoder(compression);
    const auto first = decoder.decode(bytes.first(std::min(split, bytes.size())), parts);
    if (!first) {
        CROSSFADE_REQUIRE(!at_once);
        return;
    }
    CROSSFADE_REQUIRE(*first <= bytes.size());
    const auto second = decoder.decode(bytes.subspan(*first), parts);
    CROSSFADE_REQUIRE(second.has_value() == at_once.has_value());
    CROSSFADE_REQUIRE(fuzz::same(whole, parts));
    if (at_once) CROSSFADE_REQUIRE(*first + *second == *at_once);
}

void encode(cql::SegmentCompression compression, cql::ByteView envelopes, std::size_t split) {
    cql::Bytes segments, again;
    cql::append_segments(segments, envelopes, compression);
    const auto used = cql::SegmentDecoder(compression).decode(segments, again);
    CROSSFADE_REQUIRE(used && *used == segments.size());
    CROSSFADE_REQUIRE(fuzz::same(again, envelopes));
    decode(compression, segments, split);
}

void store_little_endian(cql::Bytes& out, std::uint64_t value, int count) {
    for (int i = 0; i < count; ++i) out.push_back(static_cast<std::uint8_t>(value >> (8 * i)));
}

void decode_claim(cql::SegmentCompression compression, fuzz::Input input, std::size_t split) {
    const std::uint64_t claimed = input.choice(256) << 8U | input.choice(256);
    const cql::ByteView payload = input.take(cql::largest_segment_payload);
    const bool is_plain = compression == cql::SegmentCompression::none;
    const std::uint64_t header =
        is_plain ? payload.size() | (claimed & 1U) << 17U : payload.size() | claimed << 17U | 1ULL << 34U;
    cql::Bytes segment;
    store_little_endian(segment, header, is_plain ? 3 : 5);
    store_little_endian(segment, cql::crc24(header, is_plain ? 3 : 5), 3);
    base::append(segment, payload);
    store_little_endian(segment, cql::crc32_of_payload(payload), 4);
    const auto scan = cql::scan_segment(segment, compression);
    CROSSFADE_REQUIRE(scan && scan->is_whole && scan->size == segment.size() && scan->payload_size == payload.size());
    cql::Bytes envelopes;
    const auto used = cql::SegmentDecoder(compression).decode(segment, envelopes);
    const bool is_compressed = scan->uncompressed_size != 0;
    CROSSFADE_REQUIRE(used ? envelopes.size() == (is_compressed ? scan->uncompressed_size : payload.size())
                           : is_compressed && envelopes.empty());
    decode(compression, segment, split);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    fuzz::Input input(data, size);
    const auto compression = input.choice(2) == 0 ? cql::SegmentCompression::none : cql::SegmentCompression::lz4;
    const std::size_t what = input.choice(3);
    const std::size_t split = input.choice(256);
    switch (what) {
        case 0:
            decode(compression, input.rest(), split);
            break;
        case 1:
            encode(compression, input.rest(), split);
            break;
        default:
            decode_claim(compression, input, split);
    }
    return 0;
}
