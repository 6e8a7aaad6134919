// Frames in a stream of bytes, and what a body starts with. Input: the bytes.
#include "cql/frame.hpp"
#include "fuzz_input.hpp"

using namespace crossfade;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    constexpr std::uint32_t largest_body = 4096;
    cql::ByteView rest(data, size);
    while (true) {
        const cql::FrameScan scan = cql::scan_frame(rest, largest_body);
        if (scan.state == cql::FrameScan::State::partial) {
            CROSSFADE_REQUIRE(scan.needed > rest.size() && scan.needed <= cql::frame_header_size + largest_body);
            return 0;
        }
        if (scan.state == cql::FrameScan::State::refused) {
            CROSSFADE_REQUIRE(scan.frame.header.body_length > largest_body && !scan.why.empty());
            return 0;
        }
        CROSSFADE_REQUIRE(scan.frame.body().size() == scan.frame.header.body_length);
        std::uint8_t header[cql::frame_header_size];
        cql::write_frame_header(header, scan.frame.header);
        CROSSFADE_REQUIRE(fuzz::same(header, rest.first(cql::frame_header_size)));
        if (const auto prefix = cql::read_body_prefix(scan.frame.header, scan.frame.body())) {
            CROSSFADE_REQUIRE(prefix->size ==
                              prefix->tracing_id.size() + prefix->warnings.size() + prefix->custom_payload.size());
            CROSSFADE_REQUIRE(prefix->size <= scan.frame.body().size());
        }
        rest = rest.subspan(scan.frame.bytes.size());
    }
}
