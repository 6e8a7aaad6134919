// The files of a gateway's folder: whatever is in them is refused in words, or read and written back the same.
#include "fuzz_input.hpp"
#include "gateway/identity.hpp"
#include "gateway/tokens.hpp"

using namespace crossfade;

namespace {

template <class Value>
void check(base::Result<Value> (*parse)(const std::string&, std::string_view), std::string_view text) {
    const auto read = parse("fuzz", text);
    if (!read) {
        CROSSFADE_REQUIRE(read.error().message.starts_with("fuzz: ") && read.error().message.size() < 1000);
        return;
    }
    const std::string written = gateway::to_json(*read);
    const auto again = parse("fuzz", written);
    CROSSFADE_REQUIRE(again && gateway::to_json(*again) == written);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string text(reinterpret_cast<const char*>(data), size);
    check(gateway::parse_tokens, text);
    check(gateway::parse_issued, text);
    check(gateway::parse_settings, text);
    if (const auto tokens = gateway::parse_tokens("fuzz", text)) {
        const gateway::TokenTable table(*tokens);
        CROSSFADE_REQUIRE(!table.login({"token", "AstraCS:x"}, {}));
        for (const gateway::Token& token : *tokens) CROSSFADE_REQUIRE(table.find(token.client_id) != nullptr);
    }
    return 0;
}
