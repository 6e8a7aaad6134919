#include "relay/backend.hpp"

#include <algorithm>

#include "cql/request.hpp"

namespace crossfade::relay {
namespace {

std::string seconds(std::chrono::milliseconds time) {
    return std::to_string(std::chrono::duration_cast<std::chrono::seconds>(time).count());
}

}  // namespace

// Waits for the answer to our OPTIONS.
class Backend::Heartbeat final : public Waiting {
public:
    void on_response(Backend&, const Response&) override { is_out = false; }
    void on_lost(Backend&, const base::Error&) override { is_out = false; }
    bool is_out = false;
};

// Stands in for those who stopped waiting.
class Backend::Forgotten final : public Waiting {
public:
    void on_response(Backend& from, const Response&) override { --from.forgotten_count_; }
    void on_lost(Backend&, const base::Error&) override {}
};

Backend::Backend(net::Loop& loop, BackendOwner& owner, nodes::OpenedConnection opened, std::string node,
                 const BackendTimes& times)
    : loop_(loop),
      owner_(owner),
      stream_(std::move(opened.stream)),
      version_(opened.version),
      compression_(opened.compression),
      has_segments_(cql::has_segments(opened.version)),
      node_(std::move(node)),
      times_(times),
      decoder_(opened.compression == cql::Compression::lz4 ? cql::SegmentCompression::lz4
                                                           : cql::SegmentCompression::none),
      heartbeat_(std::make_unique<Heartbeat>()),
      forgotten_(std::make_unique<Forgotten>()),
      last_sent_(loop.now()),
      last_received_(last_sent_) {
    stream_->start(*this);
}

Backend::~Backend() {
    loop_.cancel_turn_end(*this);
}

void Backend::sent() {
    if (has_segments_) loop_.at_turn_end(*this);
    stream_->send_soon();
    last_sent_ = loop_.now();
    if (ids_.in_use() == 1) waited_since_ = last_sent_;
    if (!has_room(false)) {
        was_full_ = true;
        if (ids_.has_room(false)) stream_->notify_when_unsent_below(most_unsent / 2);
    }
}

void Backend::turn_ended() {
    if (is_ended_ || envelopes_.empty()) return;
    cql::append_segments(
        stream_->out(), envelopes_,
        compression_ == cql::Compression::lz4 ? cql::SegmentCompression::lz4 : cql::SegmentCompression::none);
    envelopes_.clear();
    if (envelopes_.capacity() > (1U << 20U)) base::Bytes().swap(envelopes_);
    stream_->send_soon();
}

void Backend::forget(std::uint16_t stream_id) {
    if (is_ended_ || ids_.at(stream_id) == nullptr) return;
    ids_.replace(stream_id, forgotten_.get());
    if (++forgotten_count_ > most_forgotten)
        end(base::Error(base::ErrorKind::connection, node_ + ": more than 1024 requests were never answered"));
}

void Backend::beat(net::Loop::Clock::time_point now) {
    if (is_ended_) return;
    const bool is_waited_for = ids_.in_use() > 0;
    const auto silent_since = is_waited_for ? std::max(last_received_, waited_since_) : now;
    if (heartbeat_->is_out) {
        if (now - std::max(heartbeat_sent_, last_received_) >= times_.heartbeat_answer)
            end(base::Error(base::ErrorKind::connection, node_ + ": nothing came for " +
                                                             seconds(times_.heartbeat_answer) +
                                                             " s, not even the answer to a heartbeat"));
        return;
    }
    if (now - last_sent_ < times_.heartbeat_every && now - silent_since < times_.silence) return;
    if (!has_room(true)) {
        if (now - silent_since >= times_.silence + times_.heartbeat_answer)
            end(base::Error(base::ErrorKind::connection,
                            node_ + ": nothing came for " + seconds(times_.silence + times_.heartbeat_answer) + " s"));
        return;
    }
    heartbeat_->is_out = true;
    heartbeat_sent_ = now;
    const std::uint16_t id = begin_send(*heartbeat_);
    cql::append_options(buffer(), version_, id);
    sent();
}

void Backend::end(const base::Error& why) {
    if (is_ended_) return;
    is_ended_ = true;
    stream_->close();
    ids_.drain([&](Waiting& waiting) { waiting.on_lost(*this, why); });
    owner_.on_ended(*this, why);
}

std::size_t Backend::on_bytes(std::span<std::uint8_t> bytes) {
    last_received_ = loop_.now();
    std::size_t used = 0;
    if (!has_segments_) {
        used = take_frames(bytes);
    } else {
        const auto decoded = decoder_.decode(bytes, received_);
        if (!decoded) {
            end(decoded.error());
            return 0;
        }
        used = *decoded;
        const std::size_t taken = take_frames(received_);
        if (!is_ended_) received_.erase(received_.begin(), received_.begin() + static_cast<std::ptrdiff_t>(taken));
    }
    if (!is_ended_ && was_full_ && has_room(false)) {
        was_full_ = false;
        owner_.on_room(*this);
    }
    return used;
}

void Backend::on_drained() {
    if (was_full_ && has_room(false)) {
        was_full_ = false;
        owner_.on_room(*this);
    }
}

std::size_t Backend::take_frames(std::span<std::uint8_t> bytes) {
    std::size_t used = 0;
    while (!is_ended_) {
        const auto scan = cql::scan_frame(bytes.subspan(used), cql::largest_frame);
        if (scan.state == cql::FrameScan::State::partial) break;
        if (scan.state == cql::FrameScan::State::refused || !scan.frame.header.is_response) {
            end(base::Error(base::ErrorKind::protocol,
                            node_ + " sent what is no response frame: " + std::string(scan.why)));
            break;
        }
        const std::size_t size = scan.frame.bytes.size();
        take_frame(bytes.subspan(used, size), scan.frame.header);
        used += size;
    }
    return used;
}

void Backend::take_frame(std::span<std::uint8_t> bytes, const cql::FrameHeader& header) {
    if (header.stream_id < 0) return;  // an event; these connections register for none
    const auto id = static_cast<std::uint16_t>(header.stream_id);
    Waiting* const waiting = ids_.at(id);
    if (waiting == nullptr) {
        end(base::Error(base::ErrorKind::protocol,
                        node_ + " answered stream id " + std::to_string(id) + ", which nobody asked on"));
        return;
    }
    Response response{header, bytes};
    const bool is_compressed = (header.flags & cql::frame_flag::compressed) != 0;
    if (is_compressed && !has_segments_) {
        opened_.assign(bytes.begin(), bytes.begin() + cql::frame_header_size);
        const auto opened = cql::decompress(compression_, response.body(), cql::largest_frame, opened_);
        if (!opened) {
            end(opened.error());
            return;
        }
        cql::patch_body_length(opened_.data(), static_cast<std::uint32_t>(opened_.size() - cql::frame_header_size));
        response.bytes = opened_;
    }
    if (is_compressed) {
        response.header.flags &= static_cast<std::uint8_t>(~cql::frame_flag::compressed);
        response.bytes[1] = response.header.flags;
    }
    response.header.body_length = static_cast<std::uint32_t>(response.bytes.size() - cql::frame_header_size);
    ids_.release(id);
    waiting->on_response(*this, response);
}

}  // namespace crossfade::relay
