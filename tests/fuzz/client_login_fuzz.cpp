// What a client may send before it has logged in, in pieces of any size, and SASL tokens. No byte leads to more than an
// answer, and what was answered is whole frames.
#include "gateway/client_login.hpp"

#include <algorithm>
#include <cstdlib>

#include "gateway/tokens.hpp"

using namespace crossfade;

namespace {

std::shared_ptr<const gateway::Greeting> greeting() {
    auto one = std::make_shared<gateway::Greeting>();
    one->versions = {cql::ProtocolVersion::v5, cql::ProtocolVersion::v4, cql::ProtocolVersion::v3};
    one->supported = {{"CQL_VERSION", {"3.4.5"}}};
    return one;
}

void log_in(base::Bytes bytes, std::size_t piece) {
    gateway::ClientLogin login(greeting());
    base::Bytes out, waiting;
    for (std::size_t at = 0; at < bytes.size(); at += piece) {
        const auto begin = bytes.begin() + static_cast<std::ptrdiff_t>(at);
        waiting.insert(waiting.end(), begin, begin + static_cast<std::ptrdiff_t>(std::min(piece, bytes.size() - at)));
        while (true) {
            const auto step = login.resume(waiting, out);
            if (step.consumed > waiting.size()) std::abort();
            waiting.erase(waiting.begin(), waiting.begin() + static_cast<std::ptrdiff_t>(step.consumed));
            if (step.kind == gateway::ClientLogin::Step::Kind::started) {
                login.started(out);
            } else if (step.kind == gateway::ClientLogin::Step::Kind::credentials) {
                if (gateway::TokenTable().login(step.credentials, {})) std::abort();
                login.refused(cql::ErrorCode::bad_credentials, "no", out);
                return;
            } else if (step.kind == gateway::ClientLogin::Step::Kind::refused) {
                if (out.empty()) std::abort();
                return;
            } else if (step.consumed == 0) {
                break;
            }
        }
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const base::Bytes bytes(data + 1, data + size);
    log_in(bytes, 1U + data[0]);
    (void)gateway::read_plain(bytes);
    return 0;
}
