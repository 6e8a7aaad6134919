#include "relay/client_session.hpp"

#include <algorithm>

#include "cql/request.hpp"
#include "relay/engine.hpp"
#include "relay/policy.hpp"

namespace crossfade::relay {
namespace {

constexpr std::chrono::milliseconds last_words{5000};
constexpr std::size_t worth_compressing = 512;
constexpr std::string_view dse_authenticator = "com.datastax.bdp.cassandra.auth.DseAuthenticator";

// The SASL PLAIN token of an AUTH_RESPONSE: authorization id, NUL, user, NUL, password (RFC 4616).
base::Result<nodes::Credentials> read_plain(base::ByteView token) {
    const std::string_view text = base::text_of(token);
    const std::size_t first = text.find('\0');
    const std::size_t second = first == std::string_view::npos ? first : text.find('\0', first + 1);
    if (second == std::string_view::npos)
        return base::fail(base::ErrorKind::authentication, "the credentials are not SASL PLAIN (user and password)");
    return nodes::Credentials{std::string(text.substr(first + 1, second - first - 1)),
                              std::string(text.substr(second + 1))};
}

}  // namespace

ClientSession::ClientSession(Engine& engine, std::unique_ptr<net::Stream> stream, SessionLimits limits)
    : engine_(engine), stream_(std::move(stream)), limits_(limits), peer_(stream_->peer_address()) {
    stream_->start(*this);
}

ClientSession::~ClientSession() {
    *alive_ = false;
    engine_.loop().cancel_turn_end(*this);
}

std::string ClientSession::startup_option(const std::string& name) const {
    for (const auto& [key, value] : startup_options_)
        if (key == name) return value;
    return {};
}

std::string ClientSession::local_host() const {
    const auto address = net::parse_address(stream_->local_address(), 0);
    return address ? address->host : "127.0.0.1";
}

void ClientSession::append_answer(std::uint16_t stream_id, base::ByteView frame) {
    base::Bytes& out = buffer();
    const std::size_t start = out.size();
    const bool compresses = compression_ != cql::Compression::none && !has_segments_ &&
                            frame.size() > worth_compressing + cql::frame_header_size;
    if (compresses) {
        base::append(out, frame.first(cql::frame_header_size));
        cql::compress(compression_, frame.subspan(cql::frame_header_size), out);
        out[start + 1] |= cql::frame_flag::compressed;
        cql::patch_body_length(out.data() + start,
                               static_cast<std::uint32_t>(out.size() - start - cql::frame_header_size));
    } else {
        base::append(out, frame);
    }
    out[start] = static_cast<std::uint8_t>(0x80U | static_cast<std::uint8_t>(version_));
    cql::patch_stream_id(out.data() + start, stream_id);
    appended();
}

void ClientSession::appended() {
    if (has_segments_) engine_.loop().at_turn_end(*this);
    stream_->send_soon();
    pause_if_over();
}

void ClientSession::turn_ended() {
    if (stage_ == Stage::ended || envelopes_.empty()) return;
    cql::append_segments(
        stream_->out(), envelopes_,
        compression_ == cql::Compression::lz4 ? cql::SegmentCompression::lz4 : cql::SegmentCompression::none);
    envelopes_.clear();
    if (envelopes_.capacity() > (1U << 20U)) base::Bytes().swap(envelopes_);
    stream_->send_soon();
}

void ClientSession::answer(std::uint16_t stream_id, base::ByteView frame) {
    if (stage_ == Stage::ended) return;
    if (stream_id < used_streams_.size() && used_streams_[stream_id]) {
        used_streams_[stream_id] = false;
        --in_flight_;
    }
    append_answer(stream_id, frame);
    if (stage_ == Stage::ending && in_flight_ == 0) end();
}

void ClientSession::answer_error(std::uint16_t stream_id, const cql::ErrorMessage& error) {
    base::Bytes frame;
    cql::append_error(frame, static_cast<std::uint8_t>(version_), stream_id, error);
    answer(stream_id, frame);
}

void ClientSession::send_event(EventKind kind, base::ByteView frame) {
    if (stage_ != Stage::ready || (events_ & static_cast<std::uint8_t>(kind)) == 0) return;
    append_answer(0xFFFF, frame);
}

void ClientSession::count_request(std::size_t bytes) {
    request_bytes_ += bytes;
    pause_if_over();
}

void ClientSession::uncount_request(std::size_t bytes) {
    request_bytes_ -= bytes;
    resume_if_under();
}

void ClientSession::pause_if_over() {
    if (stage_ == Stage::ended) return;
    const std::size_t unsent = stream_->unsent() + envelopes_.size();
    if (unsent > limits_.answer_bytes) stream_->notify_when_unsent_below(limits_.answer_bytes / 2);
    if (is_paused_ || (unsent <= limits_.answer_bytes && request_bytes_ <= limits_.request_bytes)) return;
    is_paused_ = true;
    stream_->pause_reading();
}

void ClientSession::resume_if_under() {
    if (!is_paused_ || stage_ == Stage::ended) return;
    if (request_bytes_ > limits_.request_bytes / 2 || stream_->unsent() + envelopes_.size() > limits_.answer_bytes / 2)
        return;
    is_paused_ = false;
    stream_->resume_reading();
}

void ClientSession::on_drained() {
    resume_if_under();
}

void ClientSession::end() {
    if (stage_ == Stage::ended) return;
    turn_ended();
    stage_ = Stage::ended;
    stream_->close_after_sending(last_words);
    engine_.session_ended(*this);
}

void ClientSession::on_closed(const base::Error&) {
    if (stage_ == Stage::ended) return;
    stage_ = Stage::ended;
    engine_.session_ended(*this);
}

std::size_t ClientSession::on_bytes(std::span<std::uint8_t> bytes) {
    if (stage_ == Stage::ending || stage_ == Stage::ended) return bytes.size();
    if (!has_segments_) {
        const std::size_t used = take_frames(bytes);
        // STARTUP of v5 is the last frame outside segments; a client does not send more before its answer.
        return used;
    }
    const auto used = decoder_->decode(bytes, received_);
    if (!used) {
        cql::FrameHeader header;
        header.version = static_cast<std::uint8_t>(version_);
        refuse(header, used.error().message);
        return bytes.size();
    }
    const std::size_t taken = take_frames(received_);
    if (taken == received_.size()) {
        received_.clear();
        if (received_.capacity() > (1U << 20U)) base::Bytes().swap(received_);
    } else {
        received_.erase(received_.begin(), received_.begin() + static_cast<std::ptrdiff_t>(taken));
    }
    return *used;
}

std::size_t ClientSession::take_frames(std::span<std::uint8_t> bytes) {
    std::size_t used = 0;
    const bool were_segments = has_segments_;
    while (stage_ != Stage::ending && stage_ != Stage::ended && has_segments_ == were_segments) {
        const std::uint32_t largest = stage_ == Stage::ready ? cql::largest_frame : cql::largest_frame_before_login;
        const std::span<std::uint8_t> rest = bytes.subspan(used);
        if (rest.size() >= 1) {
            // The version decides how the rest is read: judged before anything else, also for headers that are shorter
            // or longer.
            cql::FrameHeader header;
            header.version = rest[0] & 0x7FU;
            header.is_response = (rest[0] & 0x80U) != 0;
            if (rest.size() >= cql::frame_header_size) header = cql::read_frame_header(rest.data());
            if (header.is_response) {
                refuse(header, "A response frame was sent to a server");
                return bytes.size();
            }
            if (refuse_version(header)) return bytes.size();
        }
        const auto scan = cql::scan_frame(rest, largest);
        if (scan.state == cql::FrameScan::State::partial) break;
        if (scan.state == cql::FrameScan::State::refused) {
            refuse(scan.frame.header, scan.why);
            return bytes.size();
        }
        const std::size_t size = scan.frame.bytes.size();
        take_frame(rest.first(size), scan.frame.header);
        used += size;
        // v5 segments have been decoded already; their envelopes are taken whatever the budget says.
        if (is_paused_ && !has_segments_) break;
    }
    return used;
}

bool ClientSession::refuse_version(const cql::FrameHeader& header) {
    const auto& offered = engine_.policy().versions();
    const bool is_offered = std::any_of(offered.begin(), offered.end(), [&](cql::ProtocolVersion v) {
        return static_cast<std::uint8_t>(v) == header.version;
    });
    if (is_offered && (stage_ == Stage::fresh || static_cast<std::uint8_t>(version_) == header.version)) return false;
    // The words are what drivers look for when they step down (SEMANTICS, Protocol versions).
    std::string text =
        "Invalid or unsupported protocol version (" + std::to_string(header.version) + "); supported versions are (";
    for (auto version = offered.rbegin(); version != offered.rend(); ++version)
        text += (version == offered.rbegin() ? "" : ", ") + std::to_string(static_cast<int>(*version)) + "/v" +
                std::string(cql::name_of(*version));
    text += ")";
    if (stage_ == Stage::fresh && !offered.empty()) version_ = offered.front();
    // As Cassandra 4.1 and 5.0 answer it: not under the request's id, which belongs to a version that is not spoken
    // here. gocql 2 steps down only then.
    cql::FrameHeader answered = header;
    answered.stream_id = 0;
    refuse(answered, text);
    return true;
}

void ClientSession::refuse(const cql::FrameHeader& header, std::string_view why) {
    cql::ErrorMessage error;
    error.code = cql::ErrorCode::protocol_error;
    error.text = why;
    base::Bytes frame;
    cql::append_error(frame, static_cast<std::uint8_t>(version_), 0, error);
    append_answer(header.stream_id < 0 ? std::uint16_t{0} : static_cast<std::uint16_t>(header.stream_id), frame);
    end();
}

void ClientSession::take_frame(std::span<std::uint8_t> bytes, const cql::FrameHeader& received) {
    if (received.stream_id < 0) {
        refuse(received, "A request with a negative stream id");
        return;
    }
    cql::FrameHeader header = received;
    // From STARTUP's answer on, AUTH_RESPONSE included; v5 compresses segments and leaves the flag without a meaning.
    if ((header.flags & cql::frame_flag::compressed) != 0) {
        header.flags &= static_cast<std::uint8_t>(~cql::frame_flag::compressed);
        if (!has_segments_) {
            const std::uint32_t largest = stage_ == Stage::ready ? cql::largest_frame : cql::largest_frame_before_login;
            opened_.assign(bytes.begin(), bytes.begin() + cql::frame_header_size);
            const auto opened = cql::decompress(compression_, bytes.subspan(cql::frame_header_size), largest, opened_);
            if (!opened) {
                refuse(header, opened.error().message);
                return;
            }
            bytes = opened_;
            header.body_length = static_cast<std::uint32_t>(opened_.size() - cql::frame_header_size);
            cql::patch_body_length(bytes.data(), header.body_length);
        }
        bytes[1] = header.flags;
    }
    if (stage_ == Stage::ready) {
        take_ready_frame(bytes, header);
        return;
    }
    const base::ByteView body = bytes.subspan(cql::frame_header_size);
    version_ = static_cast<cql::ProtocolVersion>(header.version);
    const auto stream_id = static_cast<std::uint16_t>(header.stream_id);
    if (header.opcode == cql::Opcode::options) {
        base::Bytes frame;
        cql::append_supported(frame, header.version, stream_id, engine_.policy().supported_options());
        append_answer(stream_id, frame);
    } else if (header.opcode == cql::Opcode::startup && stage_ == Stage::fresh) {
        take_startup(header, body);
    } else if (header.opcode == cql::Opcode::auth_response && stage_ == Stage::authenticating && !login_is_running_) {
        take_credentials(header, body);
    } else {
        refuse(header, "Unexpected message " + std::string(cql::name_of(header.opcode)) +
                           (stage_ == Stage::fresh ? ", expecting STARTUP or OPTIONS"
                                                   : ", needs authentication through AUTH_RESPONSE"));
    }
}

void ClientSession::take_startup(const cql::FrameHeader& header, base::ByteView body) {
    auto options = cql::parse_startup(body);
    if (!options) {
        refuse(header, options.error().message);
        return;
    }
    startup_options_ = std::move(*options);
    if (startup_option("CQL_VERSION").empty()) {
        refuse(header, "Missing value CQL_VERSION in STARTUP message");
        return;
    }
    if (const std::string name = startup_option("COMPRESSION"); !name.empty()) {
        const auto compression = cql::compression_named(name);
        if (!compression || (cql::has_segments(version_) && *compression != cql::Compression::lz4)) {
            refuse(header, "Unknown compression algorithm: " + name.substr(0, 40));
            return;
        }
        compression_ = *compression;
    }
    authenticator_ = engine_.policy().authenticator();
    const auto stream_id = static_cast<std::uint16_t>(header.stream_id);
    if (authenticator_.empty()) {
        become_ready(stream_id, false);
        return;
    }
    stage_ = Stage::authenticating;
    base::Bytes frame;
    cql::append_authenticate(frame, header.version, stream_id, authenticator_);
    append_answer(stream_id, frame);
    if (cql::has_segments(version_)) {
        has_segments_ = true;
        decoder_ = std::make_unique<cql::SegmentDecoder>(
            compression_ == cql::Compression::lz4 ? cql::SegmentCompression::lz4 : cql::SegmentCompression::none);
    }
}

void ClientSession::take_credentials(const cql::FrameHeader& header, base::ByteView body) {
    const auto token = cql::parse_auth_response(body);
    if (!token) {
        refuse(header, token.error().message);
        return;
    }
    const auto stream_id = static_cast<std::uint16_t>(header.stream_id);
    if (authenticator_ == dse_authenticator && base::text_of(*token) == "PLAIN") {
        base::Bytes frame;
        cql::append_auth_challenge(frame, header.version, stream_id, base::bytes_of("PLAIN-START"));
        append_answer(stream_id, frame);
        return;
    }
    auto credentials = read_plain(*token);
    if (!credentials) {
        logged_in(stream_id, base::fail(credentials.error()));
        return;
    }
    credentials_ = *credentials;
    login_is_running_ = true;
    engine_.policy().login(*this, std::move(*credentials),
                           [this, alive = alive_, stream_id](const base::Result<void>& result) {
                               if (*alive && stage_ == Stage::authenticating) logged_in(stream_id, result);
                           });
}

void ClientSession::logged_in(std::uint16_t stream_id, const base::Result<void>& result) {
    login_is_running_ = false;
    if (result) {
        become_ready(stream_id, true);
        return;
    }
    cql::ErrorMessage error;
    const bool is_refused = result.error().kind == base::ErrorKind::authentication;
    error.code = is_refused ? cql::ErrorCode::bad_credentials : cql::ErrorCode::is_bootstrapping;
    error.text = result.error().message;
    answer_error(stream_id, error);
    end();
}

void ClientSession::become_ready(std::uint16_t stream_id, bool after_login) {
    if (const auto ready = engine_.policy().on_session_ready(*this); !ready) {
        cql::ErrorMessage error;
        error.code = cql::ErrorCode::is_bootstrapping;
        error.text = ready.error().message;
        answer_error(stream_id, error);
        end();
        return;
    }
    base::Bytes frame;
    if (after_login)
        cql::append_auth_success(frame, static_cast<std::uint8_t>(version_), stream_id, {});
    else
        cql::append_ready(frame, static_cast<std::uint8_t>(version_), stream_id);
    // Neither is ever compressed: a client that asked for it takes plain frames too.
    append_answer(stream_id, frame);
    stage_ = Stage::ready;
    if (cql::has_segments(version_) && !has_segments_) {
        has_segments_ = true;
        decoder_ = std::make_unique<cql::SegmentDecoder>(
            compression_ == cql::Compression::lz4 ? cql::SegmentCompression::lz4 : cql::SegmentCompression::none);
    }
}

void ClientSession::take_ready_frame(std::span<std::uint8_t> bytes, const cql::FrameHeader& header) {
    const auto stream_id = static_cast<std::uint16_t>(header.stream_id);
    if (stream_id >= used_streams_.size())
        used_streams_.resize(std::max<std::size_t>(stream_id + 1U, used_streams_.size() * 2), false);
    if (used_streams_[stream_id]) {
        refuse(header, "Stream id " + std::to_string(stream_id) + " is still in use by a request without an answer");
        return;
    }
    used_streams_[stream_id] = true;
    ++in_flight_;
    switch (header.opcode) {
        case cql::Opcode::query:
        case cql::Opcode::prepare:
        case cql::Opcode::execute:
        case cql::Opcode::batch:
            engine_.policy().on_request(*this, cql::FrameView{header, bytes});
            return;
        case cql::Opcode::options: {
            base::Bytes frame;
            cql::append_supported(frame, header.version, stream_id, engine_.policy().supported_options());
            answer(stream_id, frame);
            return;
        }
        case cql::Opcode::register_events:
            take_register(header, bytes.subspan(cql::frame_header_size));
            return;
        default:
            refuse(header,
                   "Unexpected message " + std::string(cql::name_of(header.opcode)) + " on a connection that is ready");
    }
}

void ClientSession::take_register(const cql::FrameHeader& header, base::ByteView body) {
    const auto events = cql::parse_register(body);
    if (!events) {
        refuse(header, events.error().message);
        return;
    }
    for (const auto& event : *events) {
        if (event == "TOPOLOGY_CHANGE")
            events_ |= static_cast<std::uint8_t>(EventKind::topology_change);
        else if (event == "STATUS_CHANGE")
            events_ |= static_cast<std::uint8_t>(EventKind::status_change);
        else if (event == "SCHEMA_CHANGE")
            events_ |= static_cast<std::uint8_t>(EventKind::schema_change);
        else {
            refuse(header, "Unknown event type " + event.substr(0, 40));
            return;
        }
    }
    base::Bytes frame;
    cql::append_ready(frame, header.version, 0);
    answer(static_cast<std::uint16_t>(header.stream_id), frame);
}

}  // namespace crossfade::relay
