#include "stub_node/session.hpp"

#include <algorithm>

#include "cql/request.hpp"
#include "cql/response.hpp"

namespace crossfade::lab {
namespace {

constexpr std::size_t most_unsent = 16U * 1024U * 1024U;
constexpr std::chrono::milliseconds farewell{1000};

}  // namespace

Session::Session(net::Loop& loop, std::unique_ptr<net::Stream> stream, Node& node, Counts& counts,
                 RequestHandler& handler, std::function<void(Session&)> ended)
    : loop_(loop),
      stream_(std::move(stream)),
      node_(node),
      counts_(counts),
      handler_(handler),
      ended_(std::move(ended)),
      timer_(loop) {
    ++counts_.connections;
    ++counts_.open_connections;
    stream_->start(*this);
}

Session::~Session() {
    --counts_.open_connections;
}

void Session::on_closed(const base::Error&) {
    end(false);
}

void Session::close() {
    end(false);
}

void Session::end(bool after_sending) {
    if (stage_ == Stage::ended) return;
    stage_ = Stage::ended;
    timer_.cancel();
    if (after_sending)
        stream_->close_after_sending(farewell);
    else
        stream_->close();
    // Not from inside its own call.
    loop_.post([this] { ended_(*this); });
}

bool Session::is_direct() const {
    return !has_segments_ && compression_ == cql::Compression::none && held_.empty() &&
           node_.behaviour.delay_ms.load(std::memory_order_relaxed) == 0;
}

std::size_t Session::on_bytes(std::span<std::uint8_t> bytes) {
    std::size_t used = 0;
    while (used < bytes.size() && stage_ != Stage::ended) {
        const std::size_t taken = has_segments_ ? take_segment(bytes.subspan(used)) : take_frame(bytes.subspan(used));
        if (taken == 0) break;
        used += taken;
    }
    if (stage_ != Stage::ended) deliver();
    return used;
}

std::size_t Session::take_frame(base::ByteView bytes) {
    const std::uint32_t largest = stage_ == Stage::ready ? cql::largest_frame : cql::largest_frame_before_login;
    const cql::FrameScan scan = cql::scan_frame(bytes, largest);
    if (scan.state == cql::FrameScan::State::partial) return 0;
    if (scan.state == cql::FrameScan::State::refused) {
        refuse(scan.frame.header, version_ != 0 ? version_ : static_cast<std::uint8_t>(node_.options.highest_version),
               cql::ErrorCode::protocol_error, scan.why);
        return 0;
    }
    handle(scan.frame);
    return scan.frame.bytes.size();
}

std::size_t Session::take_segment(base::ByteView bytes) {
    const auto compression =
        compression_ == cql::Compression::lz4 ? cql::SegmentCompression::lz4 : cql::SegmentCompression::none;
    const auto scan = cql::scan_segment(bytes, compression);
    if (!scan) {
        end(false);
        return 0;
    }
    if (!scan->is_whole) return 0;
    if (scan->is_self_contained && scan->uncompressed_size == 0 && envelopes_.empty()) {
        if (take_envelopes(bytes.subspan(scan->payload_offset, scan->payload_size)) != scan->payload_size) end(false);
        return scan->size;
    }
    cql::SegmentDecoder decoder(compression);
    if (!decoder.decode(bytes.first(scan->size), envelopes_)) {
        end(false);
        return 0;
    }
    const std::size_t used = take_envelopes(envelopes_);
    envelopes_.erase(envelopes_.begin(), envelopes_.begin() + static_cast<std::ptrdiff_t>(used));
    return scan->size;
}

// Gives how many bytes were whole envelopes.
std::size_t Session::take_envelopes(base::ByteView bytes) {
    std::size_t used = 0;
    while (used < bytes.size() && stage_ != Stage::ended) {
        const std::size_t taken = take_frame(bytes.subspan(used));
        if (taken == 0) break;
        used += taken;
    }
    return used;
}

bool Session::is_version_right(const cql::FrameHeader& header) {
    const auto highest = static_cast<std::uint8_t>(node_.options.highest_version);
    if (header.version < 3 || header.version > highest) {
        std::string text = "Invalid or unsupported protocol version (" + std::to_string(header.version) +
                           "); supported versions are (";
        for (int version = 3; version <= highest; ++version)
            text += (version > 3 ? ", " : "") + std::to_string(version) + "/v" + std::to_string(version);
        refuse(header, highest, cql::ErrorCode::protocol_error, text + ")");
        return false;
    }
    if (version_ != 0 && header.version != version_ && stage_ != Stage::fresh) {
        refuse(header, version_, cql::ErrorCode::protocol_error,
               "Invalid message version. Got " + std::to_string(header.version) + "/v" +
                   std::to_string(header.version) + " but previous messages on this connection had version " +
                   std::to_string(version_) + "/v" + std::to_string(version_));
        return false;
    }
    version_ = header.version;
    return true;
}

void Session::refuse(const cql::FrameHeader& header, std::uint8_t version, cql::ErrorCode code, std::string_view text) {
    ++counts_.errors;
    cql::ErrorMessage message;
    message.code = code;
    message.text = text;
    cql::append_error(answers(), version, static_cast<std::uint16_t>(header.stream_id), message);
    send_answers();
    end(true);
}

void Session::handle(const cql::FrameView& frame) {
    const cql::FrameHeader& header = frame.header;
    if (!is_version_right(header)) return;
    if (header.is_response)
        return refuse(header, version_, cql::ErrorCode::protocol_error, "a response where a request should be");
    base::ByteView body = frame.body();
    if ((header.flags & cql::frame_flag::compressed) != 0 && !has_segments_) {
        decompressed_.clear();
        if (compression_ == cql::Compression::none ||
            !cql::decompress(compression_, body, cql::largest_frame, decompressed_))
            return refuse(header, version_, cql::ErrorCode::protocol_error,
                          "the body of this frame cannot be decompressed");
        body = decompressed_;
    }
    const auto prefix = cql::read_body_prefix(header, body);
    if (!prefix) return refuse(header, version_, cql::ErrorCode::protocol_error, prefix.error().message);
    handle_request(header, body.subspan(prefix->size));
}

void Session::handle_request(const cql::FrameHeader& header, base::ByteView body) {
    const auto stream_id = static_cast<std::uint16_t>(header.stream_id);
    switch (header.opcode) {
        case cql::Opcode::options:
            return supported(header);
        case cql::Opcode::startup:
            return start_up(header, body);
        case cql::Opcode::auth_response:
            return log_in(header, body);
        default:
            break;
    }
    if (stage_ != Stage::ready)
        return refuse(header, version_, cql::ErrorCode::protocol_error,
                      "Unexpected message " + std::string(cql::name_of(header.opcode)) + ", expecting " +
                          (stage_ == Stage::fresh ? "STARTUP or OPTIONS" : "SASL_RESPONSE"));
    if (header.opcode == cql::Opcode::register_events) {
        ++counts_.registers;
        cql::append_ready(answers(), version_, stream_id);
        return;
    }
    const Request request{static_cast<cql::ProtocolVersion>(version_), stream_id, header.opcode, body};
    if (handler_.handle(request, keyspace_, answers()) == Outcome::close) end(false);
}

void Session::supported(const cql::FrameHeader& header) {
    ++counts_.options;
    std::map<std::string, std::vector<std::string>> options{
        {"CQL_VERSION", {"3.4.6"}}, {"COMPRESSION", {}}, {"PROTOCOL_VERSIONS", {}}};
    for (const cql::Compression compression : node_.options.compressions)
        options["COMPRESSION"].emplace_back(cql::name_of(compression));
    for (int version = 3; version <= static_cast<int>(node_.options.highest_version); ++version)
        options["PROTOCOL_VERSIONS"].push_back(std::to_string(version) + "/v" + std::to_string(version));
    cql::append_supported(answers(), version_, static_cast<std::uint16_t>(header.stream_id), options);
}

void Session::start_up(const cql::FrameHeader& header, base::ByteView body) {
    ++counts_.startups;
    if (stage_ != Stage::fresh)
        return refuse(header, version_, cql::ErrorCode::protocol_error, "Unexpected message STARTUP");
    const auto options = cql::parse_startup(body);
    if (!options) return refuse(header, version_, cql::ErrorCode::protocol_error, options.error().message);
    std::map<std::string, std::string> by_name(options->begin(), options->end());
    cql::Compression wanted = cql::Compression::none;
    if (const std::string& name = by_name["COMPRESSION"]; !name.empty()) {
        const auto compression = cql::compression_named(name);
        const auto& known = node_.options.compressions;
        const bool is_known = compression && std::find(known.begin(), known.end(), *compression) != known.end();
        if (!is_known || (version_ >= 5 && *compression == cql::Compression::snappy))
            return refuse(header, version_, cql::ErrorCode::protocol_error,
                          "Unknown or unsupported compression algorithm: " + name);
        wanted = *compression;
    }
    ++counts_.drivers[by_name["DRIVER_NAME"] + " " + by_name["DRIVER_VERSION"] + " " + by_name["APPLICATION_NAME"]];
    const auto stream_id = static_cast<std::uint16_t>(header.stream_id);
    if (node_.options.users.empty()) {
        cql::append_ready(answers(), version_, stream_id);
        stage_ = Stage::ready;
    } else {
        cql::append_authenticate(answers(), version_, stream_id, "org.apache.cassandra.auth.PasswordAuthenticator");
        stage_ = Stage::login;
    }
    send_answers();  // the last that goes as it is
    compression_ = wanted;
    has_segments_ = cql::has_segments(static_cast<cql::ProtocolVersion>(version_));
}

void Session::log_in(const cql::FrameHeader& header, base::ByteView body) {
    if (stage_ != Stage::login)
        return refuse(header, version_, cql::ErrorCode::protocol_error, "Unexpected message SASL_RESPONSE");
    const auto token = cql::parse_auth_response(body);
    if (!token) return refuse(header, version_, cql::ErrorCode::protocol_error, token.error().message);
    // SASL PLAIN: authorisation NUL name NUL password.
    const std::string_view text = base::text_of(*token);
    const std::size_t first = text.find('\0'),
                      second = first == std::string_view::npos ? first : text.find('\0', first + 1);
    if (second == std::string_view::npos)
        return refuse(header, version_, cql::ErrorCode::protocol_error, "this is no SASL PLAIN token");
    const std::string user(text.substr(first + 1, second - first - 1));
    const auto known = node_.options.users.find(user);
    if (known == node_.options.users.end() || known->second != text.substr(second + 1)) {
        ++counts_.logins_refused;
        return refuse(header, version_, cql::ErrorCode::bad_credentials,
                      "Provided username " + user + " and/or password are incorrect");
    }
    ++counts_.logins[user];
    cql::append_auth_success(answers(), version_, static_cast<std::uint16_t>(header.stream_id), {});
    stage_ = Stage::ready;
}

void Session::deliver() {
    if (!answers_.empty()) {
        const std::int64_t delay = node_.behaviour.delay_ms.load(std::memory_order_relaxed);
        if ((delay > 0 || !held_.empty()) && stage_ == Stage::ready) {
            held_.push_back({loop_.now() + std::chrono::milliseconds(delay), std::move(answers_)});
            answers_ = {};
            if (held_.size() == 1) send_due();
            return;
        }
        send_answers();
    }
    if (!stream_->out().empty()) stream_->send_soon();
    if (stream_->unsent() > most_unsent) {
        stream_->pause_reading();
        stream_->notify_when_unsent_below(most_unsent / 2);
    }
}

void Session::send_answers() {
    if (!answers_.empty()) send(answers_);
    answers_.clear();
    stream_->send_soon();
}

// Appends frames to the stream, compressed or in segments as was agreed.
void Session::send(base::ByteView frames) {
    base::Bytes& out = stream_->out();
    if (has_segments_) {
        cql::append_segments(
            out, frames,
            compression_ == cql::Compression::lz4 ? cql::SegmentCompression::lz4 : cql::SegmentCompression::none);
    } else if (compression_ == cql::Compression::none) {
        base::append(out, frames);
    } else {
        while (!frames.empty()) {
            const cql::FrameScan scan = cql::scan_frame(frames, cql::largest_frame);
            cql::FrameHeader header = scan.frame.header;
            header.flags |= cql::frame_flag::compressed;
            const std::size_t start = out.size();
            out.resize(start + cql::frame_header_size);
            cql::compress(compression_, scan.frame.body(), out);
            header.body_length = static_cast<std::uint32_t>(out.size() - start - cql::frame_header_size);
            cql::write_frame_header(out.data() + start, header);
            frames = frames.subspan(scan.frame.bytes.size());
        }
    }
    stream_->send_soon();
}

void Session::send_due() {
    const auto now = loop_.now();
    while (!held_.empty() && held_.front().due <= now) {
        send(held_.front().bytes);
        held_.pop_front();
    }
    if (held_.empty()) return;
    const auto wait = std::chrono::ceil<std::chrono::milliseconds>(held_.front().due - now);
    timer_.start(wait, [this] { send_due(); });
}

}  // namespace crossfade::lab
