// Metadata documents. Input: the document.
#include "bundle/metadata.hpp"
#include "fuzz_input.hpp"

using namespace crossfade;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string document(reinterpret_cast<const char*>(data), size);
    net::HttpResponse failure;
    failure.status = 503;
    failure.body = document;
    CROSSFADE_REQUIRE(!bundle::read_metadata_answer("fuzz", failure));
    const auto metadata = bundle::parse_metadata("fuzz", document);
    if (!metadata) return 0;
    CROSSFADE_REQUIRE(!metadata->contact_points.empty() && metadata->sni_proxy.port != 0);
    const auto again = bundle::parse_metadata("fuzz", bundle::to_json(*metadata));
    CROSSFADE_REQUIRE(again && *again == *metadata);
    return 0;
}
