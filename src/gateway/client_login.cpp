#include "gateway/client_login.hpp"

#include <algorithm>
#include <array>

#include "cql/request.hpp"
#include "cql/response.hpp"

namespace crossfade::gateway {
namespace {

using Step = ClientLogin::Step;

// gocql knows no other name, and every driver knows this one.
constexpr std::string_view authenticator = "org.apache.cassandra.auth.PasswordAuthenticator";

bool is_http(std::span<const std::uint8_t> bytes) {
    constexpr std::array<std::string_view, 6> methods{"GET ", "POST ", "HEAD ", "PUT ", "DELETE ", "OPTIONS "};
    const std::string_view text = base::text_of(bytes);
    return std::any_of(methods.begin(), methods.end(),
                       [&](std::string_view method) { return text.starts_with(method); });
}

void append_http_refusal(base::Bytes& out) {
    constexpr std::string_view body = "this port speaks CQL; the metadata service has a port of its own\n";
    base::append(out, base::bytes_of("HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\nContent-Length: " +
                                     std::to_string(body.size()) + "\r\nConnection: close\r\n\r\n"));
    base::append(out, base::bytes_of(body));
}

}  // namespace

base::Result<nodes::Credentials> read_plain(base::ByteView token) {
    const std::string_view text = base::text_of(token);
    const std::size_t first = text.find('\0');
    const std::size_t second = first == std::string_view::npos ? first : text.find('\0', first + 1);
    if (second == std::string_view::npos || text.find('\0', second + 1) != std::string_view::npos)
        return base::fail(base::ErrorKind::authentication, "the credentials are not SASL PLAIN (user and password)");
    return nodes::Credentials{std::string(text.substr(first + 1, second - first - 1)),
                              std::string(text.substr(second + 1))};
}

std::string ClientLogin::startup_option(std::string_view name) const {
    for (const auto& [key, value] : startup_options_)
        if (key == name) return value;
    return {};
}

cql::SegmentCompression ClientLogin::segment_compression() const {
    return compression_ == cql::Compression::lz4 ? cql::SegmentCompression::lz4 : cql::SegmentCompression::none;
}

void ClientLogin::append(base::Bytes& frame, base::Bytes& out) const {
    if (has_segments_)
        cql::append_segments(out, frame, segment_compression());
    else
        base::append(out, frame);
}

Step ClientLogin::resume(std::span<std::uint8_t> bytes, base::Bytes& out) {
    if (stage_ != Stage::fresh && stage_ != Stage::authenticating) return {};
    if (!has_segments_) {
        if (!has_begun_ && is_http(bytes)) {
            append_http_refusal(out);
            stage_ = Stage::over;
            Step step;
            step.kind = Step::Kind::refused;
            step.consumed = bytes.size();
            step.why = "HTTP was spoken to the CQL port";
            return step;
        }
        return take_frames(bytes, out);
    }
    // One segment at a time: what is behind the credentials is for the node.
    const auto scan = cql::scan_segment(bytes, segment_compression());
    cql::FrameHeader header;
    header.version = static_cast<std::uint8_t>(version_);
    if (!scan) return refuse(header, scan.error().message, out);
    if (!scan->is_whole) return {};
    cql::SegmentDecoder decoder(segment_compression());
    if (const auto used = decoder.decode(bytes.first(scan->size), envelopes_); !used)
        return refuse(header, used.error().message, out);
    if (envelopes_.size() > cql::largest_frame_before_login + cql::frame_header_size)
        return refuse(header, "A message before the login is larger than 64 KiB", out);
    Step step = take_frames(envelopes_, out);
    envelopes_.erase(envelopes_.begin(), envelopes_.begin() + static_cast<std::ptrdiff_t>(step.consumed));
    step.consumed = scan->size;
    return step;
}

Step ClientLogin::take_frames(std::span<std::uint8_t> bytes, base::Bytes& out) {
    Step step;
    std::size_t used = 0;
    while (step.kind == Step::Kind::need_more && used < bytes.size()) {
        const std::span<std::uint8_t> rest = bytes.subspan(used);
        // The version decides how the rest is read: judged first, also for headers that are shorter or longer.
        cql::FrameHeader header;
        header.version = rest[0] & 0x7FU;
        if (rest.size() >= cql::frame_header_size) header = cql::read_frame_header(rest.data());
        if ((rest[0] & 0x80U) != 0) {
            step = refuse(header, "A response frame was sent to a server", out);
            break;
        }
        if (!is_offered(header.version)) {
            // As Cassandra 4.1 and 5.0 answer it: not under the request's id, which belongs to a version that is not
            // spoken here. gocql 2 steps down only then.
            header.stream_id = 0;
            step = refuse(header, offered_text(header.version), out);
            step.is_of_version = true;
            break;
        }
        const auto scan = cql::scan_frame(rest, cql::largest_frame_before_login);
        if (scan.state == cql::FrameScan::State::partial) break;
        if (scan.state == cql::FrameScan::State::refused) {
            step = refuse(scan.frame.header, std::string(scan.why), out);
            break;
        }
        const std::size_t size = scan.frame.bytes.size();
        has_begun_ = true;
        step = take_frame(rest.first(size), scan.frame.header, out);
        used += size;
    }
    step.consumed = step.kind == Step::Kind::refused ? bytes.size() : used;
    return step;
}

bool ClientLogin::is_offered(std::uint8_t version) const {
    if (stage_ != Stage::fresh) return version == static_cast<std::uint8_t>(version_);
    return std::any_of(greeting_->versions.begin(), greeting_->versions.end(),
                       [&](cql::ProtocolVersion offered) { return static_cast<std::uint8_t>(offered) == version; });
}

// These words are what drivers look for when they step down.
std::string ClientLogin::offered_text(std::uint8_t version) const {
    std::string text =
        "Invalid or unsupported protocol version (" + std::to_string(version) + "); supported versions are (";
    for (auto offered = greeting_->versions.rbegin(); offered != greeting_->versions.rend(); ++offered)
        text += (offered == greeting_->versions.rbegin() ? "" : ", ") + std::to_string(static_cast<int>(*offered)) +
                "/v" + std::string(cql::name_of(*offered));
    return text + ")";
}

Step ClientLogin::refuse(const cql::FrameHeader& header, std::string why, base::Bytes& out) {
    if (stage_ == Stage::fresh)
        version_ = is_offered(header.version) ? static_cast<cql::ProtocolVersion>(header.version)
                                              : greeting_->versions.front();
    stream_id_ = header.stream_id < 0 ? std::uint16_t{0} : static_cast<std::uint16_t>(header.stream_id);
    refused(cql::ErrorCode::protocol_error, why, out);
    Step step;
    step.kind = Step::Kind::refused;
    step.why = std::move(why);
    return step;
}

void ClientLogin::refused(cql::ErrorCode code, std::string_view text, base::Bytes& out) {
    cql::ErrorMessage error;
    error.code = code;
    error.text = text;
    base::Bytes frame;
    cql::append_error(frame, static_cast<std::uint8_t>(version_), stream_id_, error);
    append(frame, out);
    stage_ = Stage::over;
}

Step ClientLogin::take_frame(std::span<std::uint8_t> bytes, cql::FrameHeader header, base::Bytes& out) {
    if (header.stream_id < 0) return refuse(header, "A request with a negative stream id", out);
    if ((header.flags & cql::frame_flag::compressed) != 0 && !has_segments_) {
        opened_.clear();
        const auto opened = cql::decompress(compression_, bytes.subspan(cql::frame_header_size),
                                            cql::largest_frame_before_login, opened_);
        if (!opened) return refuse(header, opened.error().message, out);
    } else {
        opened_.assign(bytes.begin() + cql::frame_header_size, bytes.end());
    }
    version_ = static_cast<cql::ProtocolVersion>(header.version);
    stream_id_ = static_cast<std::uint16_t>(header.stream_id);
    if (header.opcode == cql::Opcode::options) {
        base::Bytes frame;
        cql::append_supported(frame, header.version, stream_id_, greeting_->supported);
        append(frame, out);
        return {};
    }
    if (header.opcode == cql::Opcode::startup && stage_ == Stage::fresh) return take_startup(header, opened_, out);
    if (header.opcode == cql::Opcode::auth_response && stage_ == Stage::authenticating)
        return take_credentials(header, opened_, out);
    return refuse(header,
                  "Unexpected message " + std::string(cql::name_of(header.opcode)) +
                      (stage_ == Stage::fresh ? ", expecting STARTUP or OPTIONS"
                                              : ", needs authentication through AUTH_RESPONSE"),
                  out);
}

Step ClientLogin::take_startup(const cql::FrameHeader& header, base::ByteView body, base::Bytes& out) {
    auto options = cql::parse_startup(body);
    if (!options) return refuse(header, options.error().message, out);
    startup_options_ = std::move(*options);
    if (startup_option("CQL_VERSION").empty())
        return refuse(header, "Missing value CQL_VERSION in STARTUP message", out);
    if (const std::string name = startup_option("COMPRESSION"); !name.empty()) {
        const auto compression = cql::compression_named(name);
        if (!compression || (cql::has_segments(version_) && *compression != cql::Compression::lz4))
            return refuse(header, "Unknown compression algorithm: " + name.substr(0, 40), out);
        compression_ = *compression;
    }
    stage_ = Stage::starting;
    Step step;
    step.kind = Step::Kind::started;
    return step;
}

void ClientLogin::started(base::Bytes& out) {
    base::Bytes frame;
    cql::append_authenticate(frame, static_cast<std::uint8_t>(version_), stream_id_, authenticator);
    append(frame, out);
    has_segments_ = cql::has_segments(version_);
    stage_ = Stage::authenticating;
}

Step ClientLogin::take_credentials(const cql::FrameHeader& header, base::ByteView body, base::Bytes& out) {
    const auto token = cql::parse_auth_response(body);
    if (!token) return refuse(header, token.error().message, out);
    stage_ = Stage::checking;
    Step step;
    step.kind = Step::Kind::credentials;
    // What is no PLAIN is a login that fails, and is slowed down and counted as one.
    if (auto credentials = read_plain(*token)) step.credentials = std::move(*credentials);
    return step;
}

void ClientLogin::logged_in(base::Bytes& out) {
    base::Bytes frame;
    cql::append_auth_success(frame, static_cast<std::uint8_t>(version_), stream_id_, {});
    append(frame, out);
    stage_ = Stage::over;
}

}  // namespace crossfade::gateway
