// Bodies of v3, v4 and DSE. Input: [lz4 or snappy][0: the rest is a compressed body, 1: a body to be
// compressed][bytes].
#include "cql/compression.hpp"
#include "fuzz_input.hpp"

using namespace crossfade;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    constexpr std::uint32_t largest = 1U << 20U;
    fuzz::Input input(data, size);
    const auto compression = input.choice(2) == 0 ? cql::Compression::lz4 : cql::Compression::snappy;
    const bool compresses = input.choice(2) == 1;
    cql::Bytes out;
    if (!compresses) {
        const auto result = cql::decompress(compression, input.rest(), largest, out);
        CROSSFADE_REQUIRE(result ? out.size() <= largest : out.empty());
        return 0;
    }
    cql::compress(compression, input.rest(), out);
    cql::Bytes again;
    CROSSFADE_REQUIRE(cql::decompress(compression, out, largest, again));
    CROSSFADE_REQUIRE(fuzz::same(again, input.rest()));
    return 0;
}
