// What a client may send before it has logged in, and its SASL token. Input: [how many bytes come at once, less one]
// [bytes]. In pieces they come to the same end as at once, and what they are answered is whole messages.
#include "gateway/client_login.hpp"

#include <algorithm>

#include "fuzz_input.hpp"
#include "gateway/tokens.hpp"

using namespace crossfade;

namespace {

using Kind = gateway::ClientLogin::Step::Kind;

struct End {
    Kind kind = Kind::need_more;
    nodes::Credentials credentials;
};

std::shared_ptr<const gateway::Greeting> greeting() {
    auto one = std::make_shared<gateway::Greeting>();
    one->versions = {cql::ProtocolVersion::v5, cql::ProtocolVersion::v4, cql::ProtocolVersion::v3};
    one->supported = {{"CQL_VERSION", {"3.4.5"}}};
    return one;
}

void check_frames(base::ByteView bytes) {
    while (!bytes.empty()) {
        const cql::FrameScan scan = cql::scan_frame(bytes, cql::largest_frame_before_login);
        CROSSFADE_REQUIRE(scan.state == cql::FrameScan::State::whole && scan.frame.header.is_response);
        bytes = bytes.subspan(scan.frame.bytes.size());
    }
}

// `plain_size`: how much of it is not in segments.
void check_answers(base::ByteView answers, std::size_t plain_size, cql::Compression compression) {
    if (base::text_of(answers).starts_with("HTTP/1.1 400 ")) return;
    check_frames(answers.first(std::min(plain_size, answers.size())));
    if (plain_size >= answers.size()) return;
    cql::Bytes envelopes;
    cql::SegmentDecoder decoder(compression == cql::Compression::lz4 ? cql::SegmentCompression::lz4
                                                                     : cql::SegmentCompression::none);
    const auto used = decoder.decode(answers.subspan(plain_size), envelopes);
    CROSSFADE_REQUIRE(used && *used == answers.size() - plain_size);
    check_frames(envelopes);
}

End log_in(base::ByteView bytes, std::size_t piece) {
    gateway::ClientLogin login(greeting());
    base::Bytes answers, waiting;
    std::size_t plain_size = static_cast<std::size_t>(-1);
    End end;
    for (std::size_t at = 0; at < bytes.size() && end.kind == Kind::need_more; at += piece) {
        base::append(waiting, bytes.subspan(at, std::min(piece, bytes.size() - at)));
        while (end.kind == Kind::need_more) {
            auto step = login.resume(waiting, answers);
            CROSSFADE_REQUIRE(step.consumed <= waiting.size());
            waiting.erase(waiting.begin(), waiting.begin() + static_cast<std::ptrdiff_t>(step.consumed));
            if (step.kind == Kind::started) {
                login.started(answers);
                if (cql::has_segments(login.version())) plain_size = answers.size();
            } else if (step.kind == Kind::credentials) {
                CROSSFADE_REQUIRE(!gateway::TokenTable().login(step.credentials, {}));
                login.refused(cql::ErrorCode::bad_credentials, "no", answers);
                end = {step.kind, std::move(step.credentials)};
            } else if (step.kind == Kind::refused) {
                CROSSFADE_REQUIRE(!answers.empty() && !step.why.empty() && step.why.size() < 1000);
                end.kind = step.kind;
            } else if (step.consumed == 0) {
                break;
            }
        }
    }
    check_answers(answers, plain_size, login.compression());
    return end;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    fuzz::Input input(data, size);
    const std::size_t piece = 1 + input.choice(256);
    const End in_pieces = log_in(input.rest(), piece), at_once = log_in(input.rest(), std::max<std::size_t>(size, 1));
    CROSSFADE_REQUIRE(in_pieces.kind == at_once.kind);
    CROSSFADE_REQUIRE(in_pieces.credentials.username == at_once.credentials.username);
    CROSSFADE_REQUIRE(in_pieces.credentials.password == at_once.credentials.password);
    if (const auto plain = gateway::read_plain(input.rest()))
        CROSSFADE_REQUIRE(plain->username.size() + plain->password.size() + 2 <= input.rest().size());
    return 0;
}
