// The gateway's side of a client's login: OPTIONS, STARTUP, AUTH_RESPONSE (§4.1 of every version). Pure: give it bytes,
// do what it says.
#pragma once

#include <map>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "cql/compression.hpp"
#include "cql/frame.hpp"
#include "cql/protocol.hpp"
#include "cql/segment.hpp"
#include "nodes/cluster_options.hpp"

namespace crossfade::gateway {

// What clients are told before they have logged in.
struct Greeting {
    std::vector<cql::ProtocolVersion> versions;                 // highest first
    std::map<std::string, std::vector<std::string>> supported;  // the answer to OPTIONS
};

// The user and password of a SASL PLAIN token (RFC 4616). Errors: authentication.
base::Result<nodes::Credentials> read_plain(base::ByteView token);

class ClientLogin {
public:
    explicit ClientLogin(std::shared_ptr<const Greeting> greeting) : greeting_(std::move(greeting)) {}

    struct Step {
        enum class Kind : std::uint8_t {
            need_more,    // nothing, until more bytes come
            started,      // STARTUP: say started() when there is a node to go to
            credentials,  // say logged_in() or refused()
            refused,      // `why`; what `out` has is the last that the client gets
        };
        Step() = default;

        Kind kind = Kind::need_more;
        std::size_t consumed = 0;  // of the bytes given
        nodes::Credentials credentials;
        std::string why;
        bool is_of_version = false;  // refused: it may come again with a version that is offered, as drivers do
    };
    // Takes what it can of `bytes` (all that came and was not consumed) and appends to `out` what is to be sent. While
    // started() or logged_in() is awaited it takes nothing.
    Step resume(std::span<std::uint8_t> bytes, base::Bytes& out);
    void started(base::Bytes& out);
    void logged_in(base::Bytes& out);
    // The last answer: to STARTUP or to the credentials.
    void refused(cql::ErrorCode code, std::string_view text, base::Bytes& out);

    cql::ProtocolVersion version() const { return version_; }
    cql::Compression compression() const { return compression_; }
    const std::vector<std::pair<std::string, std::string>>& startup_options() const { return startup_options_; }
    std::string startup_option(std::string_view name) const;

private:
    enum class Stage : std::uint8_t { fresh, starting, authenticating, checking, over };

    Step take_frames(std::span<std::uint8_t> bytes, base::Bytes& out);
    Step take_frame(std::span<std::uint8_t> bytes, cql::FrameHeader header, base::Bytes& out);
    Step take_startup(const cql::FrameHeader& header, base::ByteView body, base::Bytes& out);
    Step take_credentials(const cql::FrameHeader& header, base::ByteView body, base::Bytes& out);
    Step refuse(const cql::FrameHeader& header, std::string why, base::Bytes& out);
    bool is_offered(std::uint8_t version) const;
    std::string offered_text(std::uint8_t version) const;
    void append(base::Bytes& frame, base::Bytes& out) const;
    cql::SegmentCompression segment_compression() const;

    std::shared_ptr<const Greeting> greeting_;
    Stage stage_ = Stage::fresh;
    cql::ProtocolVersion version_ = cql::ProtocolVersion::v4;
    cql::Compression compression_ = cql::Compression::none;
    bool has_begun_ = false;  // a CQL message was read: what looks like HTTP behind it is none
    bool has_segments_ = false;
    std::uint16_t stream_id_ = 0;  // of the request that waits for its answer
    std::vector<std::pair<std::string, std::string>> startup_options_;
    base::Bytes envelopes_;  // of segments, not yet whole
    base::Bytes opened_;     // scratch: a decompressed frame
};

}  // namespace crossfade::gateway
