#include "cql/handshake.hpp"

#include <algorithm>
#include <cassert>

#include "cql/request.hpp"
#include "cql/response.hpp"

namespace crossfade::cql {
namespace {

constexpr std::uint16_t stream_id = 0;
constexpr std::string_view dse_authenticator = "com.datastax.bdp.cassandra.auth.DseAuthenticator";

// What the servers say to a version that they do not speak; the second is Cassandra 3's answer to v5, then a draft.
bool says_unsupported_version(std::string_view text) {
    return text.find("Invalid or unsupported protocol version") != std::string_view::npos ||
           text.find("Beta version of the protocol used") != std::string_view::npos;
}

std::string shortened(std::string_view text) {
    return std::string(text.substr(0, 300));
}

std::string names_of(const std::vector<ProtocolVersion>& versions) {
    std::string names;
    for (const ProtocolVersion version : versions) names += (names.empty() ? "" : ", ") + std::string(name_of(version));
    return names;
}

// The compression that both sides can use with this version.
Compression agreed_compression(Compression wanted, ProtocolVersion version,
                               const std::map<std::string, std::vector<std::string>>& supported) {
    if (wanted == Compression::none || (wanted == Compression::snappy && has_segments(version)))
        return Compression::none;
    const auto offered = supported.find("COMPRESSION");
    if (offered == supported.end()) return Compression::none;
    const bool is_offered = std::any_of(offered->second.begin(), offered->second.end(), [&](const std::string& name) {
        const auto compression = compression_named(name);
        return compression && *compression == wanted;
    });
    return is_offered ? wanted : Compression::none;
}

HandshakeAction write(Bytes bytes) {
    HandshakeAction action;
    action.kind = HandshakeAction::Kind::write;
    action.bytes = std::move(bytes);
    return action;
}

}  // namespace

Handshake::Handshake(HandshakeOptions options) : options_(std::move(options)) {
    assert(!options_.versions.empty());
}

HandshakeAction Handshake::resume(const Event& event) {
    if (stage_ == Stage::ended) return fail(base::ErrorKind::internal, "the handshake has ended already");
    if (const auto* disconnected = std::get_if<Disconnected>(&event))
        return fail(disconnected->why.kind, disconnected->why.message, disconnected->why.server_code);
    if (const auto* received = std::get_if<Received>(&event)) {
        if (stage_ == Stage::fresh)
            return fail(base::ErrorKind::protocol, "the node spoke before it was asked anything");
        return take(received->bytes);
    }
    if (stage_ != Stage::fresh)
        return fail(base::ErrorKind::internal, "a handshake was told of a connection that it did not ask for");
    stage_ = Stage::options_sent;
    Bytes request;
    append_options(request, version(), stream_id);
    return write(std::move(request));
}

HandshakeAction Handshake::take(ByteView bytes) {
    if (has_segments_) return take_segments(bytes);
    // A node older than v3 answers in frames of its own version, whose header is shorter: the first byte tells.
    if (!bytes.empty() && (bytes[0] & 0x7FU) < static_cast<std::uint8_t>(ProtocolVersion::v3))
        return fail(base::ErrorKind::protocol,
                    "the node speaks protocol version " + std::to_string(bytes[0] & 0x7FU) + ", which is too old");
    const FrameScan scan = scan_frame(bytes, largest_frame_before_login);
    if (scan.state == FrameScan::State::refused)
        return fail(base::ErrorKind::protocol, "the node's answer to " + std::string(asked()) + " claims " +
                                                   std::to_string(scan.frame.header.body_length) + " bytes");
    if (scan.state == FrameScan::State::partial) return {};
    HandshakeAction action = take_frame(scan.frame);
    action.consumed = scan.frame.bytes.size();
    return action;
}

HandshakeAction Handshake::take_segments(ByteView bytes) {
    SegmentDecoder decoder(segment_compression());
    std::size_t consumed = 0;
    // Segment by segment: what follows the one that ends the handshake belongs to the caller.
    while (true) {
        const auto segment = scan_segment(bytes.subspan(consumed), segment_compression());
        if (!segment) return fail(segment.error().kind, segment.error().message);
        HandshakeAction action;
        if (segment->is_whole) {
            const auto decoded = decoder.decode(bytes.subspan(consumed, segment->size), envelopes_);
            if (!decoded) return fail(decoded.error().kind, decoded.error().message);
            consumed += *decoded;
            const FrameScan scan = scan_frame(envelopes_, largest_frame_before_login);
            if (scan.state == FrameScan::State::refused)
                return fail(base::ErrorKind::protocol, "the node's answer to " + std::string(asked()) + " claims " +
                                                           std::to_string(scan.frame.header.body_length) + " bytes");
            if (scan.state == FrameScan::State::partial) continue;
            if (scan.frame.bytes.size() != envelopes_.size())
                return fail(base::ErrorKind::protocol, "the node sent more than the answer to " + std::string(asked()));
            const Bytes envelope = std::exchange(envelopes_, {});
            action = take_frame(FrameView{scan.frame.header, envelope});
        }
        action.consumed = consumed;
        return action;
    }
}

HandshakeAction Handshake::take_frame(const FrameView& frame) {
    const FrameHeader& header = frame.header;
    if (!header.is_response)
        return fail(base::ErrorKind::protocol, "the node answered " + std::string(asked()) + " with a request");
    if (header.opcode != Opcode::error && header.version != static_cast<std::uint8_t>(version()))
        return fail(base::ErrorKind::protocol, "the node answered " + std::string(asked()) + " of protocol version " +
                                                   std::string(name_of(version())) + " with version byte " +
                                                   std::to_string(header.version));
    if (header.opcode != Opcode::error && header.stream_id != static_cast<std::int16_t>(stream_id))
        return fail(base::ErrorKind::protocol,
                    "the node answered on stream id " + std::to_string(header.stream_id) + ", which nobody asked on");
    Bytes opened;
    ByteView body = frame.body();
    // In segments the flag has no meaning, and some send it (§2.2 of v5).
    if ((header.flags & frame_flag::compressed) != 0 && !has_segments(version())) {
        const auto result = decompress(compression_, body, largest_frame_before_login, opened);
        if (!result)
            return fail(base::ErrorKind::protocol,
                        "the node's answer to " + std::string(asked()) + ": " + result.error().message);
        body = opened;
    }
    const auto prefix = read_body_prefix(header, body);
    if (!prefix)
        return fail(base::ErrorKind::protocol,
                    "the node's answer to " + std::string(asked()) + ": " + prefix.error().message);
    body = body.subspan(prefix->size);
    return header.opcode == Opcode::error ? take_error(header, body) : take_message(header.opcode, body);
}

HandshakeAction Handshake::take_message(Opcode opcode, ByteView body) {
    switch (stage_) {
        case Stage::options_sent:
            if (opcode == Opcode::supported) return take_supported(body);
            break;
        case Stage::startup_sent:
            has_segments_ = has_segments(version());
            if (opcode == Opcode::ready) return done();
            if (opcode == Opcode::authenticate) return take_authenticate(body);
            break;
        case Stage::mechanism_sent:
            if (opcode == Opcode::auth_challenge) return take_challenge(body);
            break;
        case Stage::credentials_sent:
            if (opcode == Opcode::auth_success) return done();
            // PLAIN has one step: whoever asks for more means another mechanism.
            if (opcode == Opcode::auth_challenge)
                return fail(base::ErrorKind::authentication,
                            "the node asks for more than user name and password; only PLAIN is supported");
            break;
        case Stage::own_login:
            if (opcode == Opcode::auth_success || opcode == Opcode::auth_challenge) return take_own_login(opcode, body);
            break;
        case Stage::fresh:
        case Stage::ended:
            break;
    }
    return fail(base::ErrorKind::protocol,
                "the node answered " + std::string(asked()) + " with " + std::string(name_of(opcode)));
}

HandshakeAction Handshake::take_error(const FrameHeader& header, ByteView body) {
    // A node that does not speak our version answers in its own, which may be one that we do not know: code and text
    // are the same in all.
    const auto error =
        parse_error(header.version == static_cast<std::uint8_t>(version()) ? version() : ProtocolVersion::v4, body);
    if (!error)
        return fail(base::ErrorKind::protocol,
                    "the node's answer to " + std::string(asked()) + ": " + error.error().message);
    const bool is_before_login = stage_ == Stage::options_sent || stage_ == Stage::startup_sent;
    if (error->code == ErrorCode::protocol_error && is_before_login &&
        (says_unsupported_version(error->text) || header.version < static_cast<std::uint8_t>(version())))
        return step_down(error->text);
    const auto code = static_cast<std::int32_t>(error->code);
    const std::string said = std::string(name_of(error->code)) + ": " + shortened(error->text);
    if (error->code == ErrorCode::bad_credentials || error->code == ErrorCode::unauthorized)
        return fail(base::ErrorKind::authentication, "the node refused the login: " + said, code);
    return fail(base::ErrorKind::server, "the node answered " + std::string(asked()) + " with " + said, code);
}

HandshakeAction Handshake::step_down(std::string_view why) {
    if (attempt_ + 1 == options_.versions.size())
        return fail(base::ErrorKind::protocol, "no protocol version in common (tried " + names_of(options_.versions) +
                                                   "); the node says: " + shortened(why));
    ++attempt_;
    stage_ = Stage::fresh;
    compression_ = Compression::none;
    supported_.clear();
    HandshakeAction action;
    action.kind = HandshakeAction::Kind::reconnect;
    action.version = version();
    return action;
}

HandshakeAction Handshake::take_supported(ByteView body) {
    auto supported = parse_supported(body);
    if (!supported)
        return fail(base::ErrorKind::protocol, "the node's answer to OPTIONS: " + supported.error().message);
    supported_ = std::move(*supported);
    compression_ = agreed_compression(options_.compression, version(), supported_);
    std::vector<std::pair<std::string, std::string>> startup;
    const bool has_cql_version = std::any_of(options_.startup_options.begin(), options_.startup_options.end(),
                                             [](const auto& option) { return option.first == "CQL_VERSION"; });
    if (!has_cql_version) startup.emplace_back("CQL_VERSION", "3.0.0");
    if (compression_ != Compression::none) startup.emplace_back("COMPRESSION", name_of(compression_));
    startup.insert(startup.end(), options_.startup_options.begin(), options_.startup_options.end());
    stage_ = Stage::startup_sent;
    Bytes request;
    append_startup(request, version(), stream_id, startup);
    return write(std::move(request));
}

HandshakeAction Handshake::take_authenticate(ByteView body) {
    const auto authenticator = parse_authenticate(body);
    if (!authenticator)
        return fail(base::ErrorKind::protocol, "the node's answer to STARTUP: " + authenticator.error().message);
    authenticator_ = *authenticator;
    if (options_.make_login) login_ = options_.make_login();
    if (login_ != nullptr) {
        const auto token = login_->begin(*authenticator);
        if (!token) return fail(base::ErrorKind::authentication, token.error().message);
        return send_token(*token, Stage::own_login);
    }
    if (options_.username.empty())
        return fail(base::ErrorKind::authentication,
                    "the node asks for a login (" + shortened(*authenticator) + ") and no user name is configured");
    if (*authenticator == dse_authenticator) return send_token(base::bytes_of("PLAIN"), Stage::mechanism_sent);
    return send_credentials();
}

HandshakeAction Handshake::take_challenge(ByteView body) {
    const auto token = parse_auth_token(body);
    if (!token) return fail(base::ErrorKind::protocol, "the node's answer to AUTH_RESPONSE: " + token.error().message);
    if (base::text_of(*token) != "PLAIN-START")
        return fail(base::ErrorKind::authentication,
                    "the node does not offer the login mechanism PLAIN, the only one that is supported");
    return send_credentials();
}

HandshakeAction Handshake::take_own_login(Opcode opcode, ByteView body) {
    const auto token = parse_auth_token(body);
    if (!token) return fail(base::ErrorKind::protocol, "the node's answer to AUTH_RESPONSE: " + token.error().message);
    if (opcode == Opcode::auth_success) {
        const auto accepted = login_->accept(*token);
        return accepted ? done() : fail(base::ErrorKind::authentication, accepted.error().message);
    }
    const auto next = login_->answer(*token);
    if (!next) return fail(base::ErrorKind::authentication, next.error().message);
    return send_token(*next, Stage::own_login);
}

// RFC 4616: an empty authorization identity, the name, the password.
HandshakeAction Handshake::send_credentials() {
    Bytes token{0};
    base::append(token, base::bytes_of(options_.username));
    token.push_back(0);
    base::append(token, base::bytes_of(options_.password));
    return send_token(token, Stage::credentials_sent);
}

HandshakeAction Handshake::send_token(ByteView token, Stage next) {
    stage_ = next;
    Bytes envelope;
    append_auth_response(envelope, version(), stream_id, token);
    if (!has_segments_) return write(std::move(envelope));
    Bytes segments;
    append_segments(segments, envelope, segment_compression());
    return write(std::move(segments));
}

HandshakeAction Handshake::done() {
    stage_ = Stage::ended;
    HandshakeAction action;
    action.kind = HandshakeAction::Kind::done;
    action.version = version();
    action.compression = compression_;
    action.supported = std::move(supported_);
    action.authenticator = std::move(authenticator_);
    return action;
}

HandshakeAction Handshake::fail(base::ErrorKind kind, std::string message, std::int32_t server_code) {
    stage_ = Stage::ended;
    HandshakeAction action;
    action.kind = HandshakeAction::Kind::fail;
    action.error = base::Error(kind, std::move(message), server_code);
    return action;
}

std::string_view Handshake::asked() const {
    switch (stage_) {
        case Stage::options_sent:
            return "OPTIONS";
        case Stage::startup_sent:
            return "STARTUP";
        case Stage::mechanism_sent:
        case Stage::credentials_sent:
        case Stage::own_login:
            return "AUTH_RESPONSE";
        case Stage::fresh:
        case Stage::ended:
            break;
    }
    return "nothing";
}

SegmentCompression Handshake::segment_compression() const {
    return compression_ == Compression::lz4 ? SegmentCompression::lz4 : SegmentCompression::none;
}

}  // namespace crossfade::cql
