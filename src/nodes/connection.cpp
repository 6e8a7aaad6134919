#include "nodes/connection.hpp"

#include <utility>

#include "cql/request.hpp"

namespace crossfade::nodes {
namespace {

// Smaller bodies gain nothing from compression.
constexpr std::size_t least_compressed = 512;
// A buffer that one large message made is given back.
constexpr std::size_t most_kept = 1U << 20U;

void drop_if_large(base::Bytes& buffer) {
    if (buffer.capacity() > most_kept) base::Bytes().swap(buffer);
}

cql::SegmentCompression segment_compression(cql::Compression compression) {
    return compression == cql::Compression::lz4 ? cql::SegmentCompression::lz4 : cql::SegmentCompression::none;
}

}  // namespace

// Waits for the answer to our OPTIONS.
class Connection::Heartbeat final : public AnswerWaiter {
public:
    void on_answer(Connection&, const Answer&) override { is_out = false; }
    void on_lost(Connection&, const base::Error&) override { is_out = false; }
    bool is_out = false;
};

std::shared_ptr<Connection> Connection::start(net::Loop& loop, ConnectionOwner& owner, OpenedConnection opened) {
    std::shared_ptr<Connection> connection(new Connection(loop, owner, std::move(opened)));
    connection->stream_->start(*connection);
    connection->beat_timer_.start(heartbeat_every, [self = connection.get()] { self->beat(); });
    return connection;
}

Connection::Connection(net::Loop& loop, ConnectionOwner& owner, OpenedConnection opened)
    : loop_(loop),
      owner_(&owner),
      opened_(std::move(opened)),
      stream_(std::move(opened_.stream)),
      has_segments_(cql::has_segments(opened_.version)),
      decoder_(segment_compression(opened_.compression)),
      beat_timer_(loop),
      heartbeat_(std::make_unique<Heartbeat>()) {}

Connection::~Connection() {
    end(base::Error(base::ErrorKind::interrupted, "the connection to " + peer() + " was closed"), false);
    loop_.cancel_turn_end(*this);
}

std::uint16_t Connection::send(AnswerWaiter& waiter, base::ByteView frame) {
    const std::uint16_t id = streams_.take(&waiter);
    if (!has_segments_ && opened_.compression != cql::Compression::none &&
        frame.size() > cql::frame_header_size + least_compressed) {
        append_compressed(frame, id);
    } else {
        base::Bytes& out = has_segments_ ? envelopes_ : stream_->out();
        const std::size_t start = out.size();
        base::append(out, frame);
        cql::patch_stream_id(out.data() + start, id);
    }
    if (has_segments_)
        loop_.at_turn_end(*this);
    else
        stream_->send_soon();
    return id;
}

void Connection::append_compressed(base::ByteView frame, std::uint16_t id) {
    base::Bytes& out = stream_->out();
    const std::size_t start = out.size();
    base::append(out, frame.first(cql::frame_header_size));
    cql::compress(opened_.compression, frame.subspan(cql::frame_header_size), out);
    std::uint8_t* const header = out.data() + start;
    header[1] |= cql::frame_flag::compressed;
    cql::patch_stream_id(header, id);
    cql::patch_body_length(header, static_cast<std::uint32_t>(out.size() - start - cql::frame_header_size));
}

void Connection::turn_ended() {
    if (is_ended_ || envelopes_.empty()) return;
    cql::append_segments(stream_->out(), envelopes_, segment_compression(opened_.compression));
    envelopes_.clear();
    drop_if_large(envelopes_);
    stream_->send_soon();
}

void Connection::forget(std::uint16_t stream_id) {
    // Also while it ends: whoever gives up because another was told is not told.
    if (streams_.orphan(stream_id) <= most_orphans || is_ended_ || is_given_up_) return;
    is_given_up_ = true;
    // Later: whoever forgets is in the middle of something, and those who still wait will be called.
    loop_.post([weak = weak_from_this()] {
        const auto self = weak.lock();
        if (self == nullptr) return;
        self->end(
            base::Error(base::ErrorKind::connection,
                        self->peer() + ": more than " + std::to_string(most_orphans) + " requests were never answered"),
            true);
    });
}

void Connection::notify_room() {
    if (is_ended_) return;
    wants_room_ = true;
    if (streams_.has_room()) stream_->notify_when_unsent_below(most_unsent / 2);
}

void Connection::close(const base::Error& why) {
    owner_ = nullptr;
    end(why, false);
}

void Connection::on_closed(const base::Error& why) {
    end(why, true);
}

void Connection::end(const base::Error& why, bool tell_owner) {
    if (is_ended_) return;
    // Those who are told may let go of it, and their owner of everything.
    const auto self = weak_from_this().lock();
    is_ended_ = true;
    beat_timer_.cancel();
    stream_->close();
    streams_.drain([&](AnswerWaiter& waiter) { waiter.on_lost(*this, why); });
    if (tell_owner && owner_ != nullptr) owner_->on_ended(*this, why);
}

void Connection::beat() {
    const bool was_silent = !std::exchange(has_received_, false);
    if (was_silent && heartbeat_->is_out) {
        end(base::Error(base::ErrorKind::connection,
                        peer() + ": no answer to a heartbeat for " + std::to_string(heartbeat_answer.count()) + " s"),
            true);
        return;
    }
    if (was_silent && !is_given_up_ && streams_.has_room()) {
        base::Bytes frame;
        cql::append_options(frame, version(), 0);
        heartbeat_->is_out = true;
        send(*heartbeat_, frame);
    }
    const auto next = heartbeat_->is_out ? heartbeat_answer : heartbeat_every;
    beat_timer_.start(next, [this] { beat(); });
}

std::size_t Connection::on_bytes(std::span<std::uint8_t> bytes) {
    // An answer's waiter may drop the last other reference to this.
    const auto self = shared_from_this();
    has_received_ = true;
    std::size_t used = 0;
    if (has_segments_) {
        if (!take_segments(bytes, used)) return 0;
    } else {
        used = take_frames(bytes);
    }
    tell_room();
    return used;
}

bool Connection::take_segments(base::ByteView bytes, std::size_t& used) {
    const auto decoded = decoder_.decode(bytes, received_);
    if (!decoded) {
        end(base::Error(decoded.error().kind, peer() + ": " + decoded.error().message), true);
        return false;
    }
    used = *decoded;
    const std::size_t taken = take_frames(received_);
    if (is_ended_) return false;
    if (taken == received_.size()) {
        received_.clear();
        drop_if_large(received_);
    } else {
        received_.erase(received_.begin(), received_.begin() + static_cast<std::ptrdiff_t>(taken));
    }
    return true;
}

std::size_t Connection::take_frames(base::ByteView bytes) {
    std::size_t used = 0;
    while (!is_ended_) {
        const auto scan = cql::scan_frame(bytes.subspan(used), cql::largest_frame);
        if (scan.state == cql::FrameScan::State::partial) break;
        if (scan.state == cql::FrameScan::State::refused || !scan.frame.header.is_response) {
            const std::string why(scan.state == cql::FrameScan::State::refused ? scan.why : "a request");
            end(base::Error(base::ErrorKind::protocol, peer() + " sent what is no response: " + why), true);
            break;
        }
        used += scan.frame.bytes.size();
        take_frame(scan.frame);
    }
    return used;
}

void Connection::take_frame(const cql::FrameView& frame) {
    base::ByteView body = frame.body();
    if (!has_segments_ && (frame.header.flags & cql::frame_flag::compressed) != 0) {
        decompressed_.clear();
        drop_if_large(decompressed_);
        const auto opened = cql::decompress(opened_.compression, body, cql::largest_frame, decompressed_);
        if (!opened) {
            end(base::Error(base::ErrorKind::protocol, peer() + ": " + opened.error().message), true);
            return;
        }
        body = decompressed_;
    }
    const auto prefix = cql::read_body_prefix(frame.header, body);
    if (!prefix) {
        end(base::Error(base::ErrorKind::protocol, peer() + ": " + prefix.error().message), true);
        return;
    }
    const Answer answer{frame.header, body.subspan(prefix->size), *prefix};
    if (frame.header.stream_id < 0) {
        if (frame.header.opcode == cql::Opcode::event && owner_ != nullptr) owner_->on_event(*this, answer);
        return;
    }
    const auto found = streams_.answered(frame.header.stream_id);
    if (!found.was_taken) {
        end(base::Error(base::ErrorKind::protocol, peer() + " answered stream id " +
                                                       std::to_string(frame.header.stream_id) +
                                                       ", on which nothing was asked"),
            true);
        return;
    }
    if (found.waiter != nullptr) found.waiter->on_answer(*this, answer);
}

void Connection::tell_room() {
    if (!wants_room_ || !has_room()) return;
    wants_room_ = false;
    if (owner_ != nullptr) owner_->on_room(*this);
}

void Connection::on_drained() {
    tell_room();
}

}  // namespace crossfade::nodes
