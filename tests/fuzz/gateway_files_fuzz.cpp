// The files of a gateway's folder: whatever is in them is read or refused in words.
#include "gateway/identity.hpp"
#include "gateway/tokens.hpp"

using namespace crossfade;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string text(reinterpret_cast<const char*>(data), size);
    if (const auto tokens = gateway::parse_tokens("tokens", text))
        (void)gateway::TokenTable(*tokens).login({"token", "x"}, {});
    (void)gateway::parse_issued("issued", text);
    (void)gateway::parse_settings("settings", text);
    return 0;
}
