#include "load_connection.hpp"

#include "cql/request.hpp"
#include "cql/response.hpp"

namespace crossfade::bench {
namespace {

std::uint64_t now_ns() {
    return static_cast<std::uint64_t>(std::chrono::steady_clock::now().time_since_epoch() /
                                      std::chrono::nanoseconds(1));
}

cql::HandshakeOptions handshake_options(const LoadOptions& options) {
    cql::HandshakeOptions handshake;
    handshake.versions = {options.version};
    handshake.username = options.username;
    handshake.password = options.password;
    handshake.startup_options = {{"CQL_VERSION", "3.0.0"}, {"DRIVER_NAME", "crossfade_load"}};
    return handshake;
}

}  // namespace

LoadConnection::LoadConnection(net::Loop& loop, const LoadOptions& options, std::uint32_t number, LoadResult& result,
                               const std::atomic<bool>& is_measuring, std::function<void()> ready,
                               std::function<void()> done)
    : loop_(loop),
      options_(options),
      result_(result),
      is_measuring_(is_measuring),
      ready_(std::move(ready)),
      done_(std::move(done)),
      handshake_(handshake_options(options)),
      slots_(options.depth),
      random_(0x9E3779B97F4A7C15ULL * (number + 1)) {
    net::ConnectOptions connect;
    connect.timeout = options.patience;
    connect.tls = options.tls;
    connect.server_name = options.server_name;
    pending_ = net::connect(loop_, options.to, connect, [this](base::Result<std::unique_ptr<net::Stream>> stream) {
        if (!stream) return fail(stream.error().message);
        stream_ = std::move(*stream);
        stage_ = Stage::logging_in;
        stream_->start(*this);
        std::size_t used = 0;
        step(cql::Handshake::Connected{}, used);
    });
}

void LoadConnection::fail(const std::string& why) {
    if (stage_ == Stage::ended) return;
    const bool was_ready = stage_ == Stage::ready || stage_ == Stage::running;
    stage_ = Stage::ended;
    result_.unanswered += in_flight_;
    ++result_.connections_lost;
    if (result_.first_failure.empty()) result_.first_failure = why;
    if (stream_ != nullptr) stream_->close();
    if (!was_ready) ready_();
    tell_over();
}

void LoadConnection::step(const cql::Handshake::Event& event, std::size_t& used) {
    const cql::HandshakeAction action = handshake_.resume(event);
    used = action.consumed;
    switch (action.kind) {
        case cql::HandshakeAction::Kind::need_more:
            return;
        case cql::HandshakeAction::Kind::write:
            base::append(stream_->out(), action.bytes);
            stream_->send_soon();
            return;
        case cql::HandshakeAction::Kind::reconnect:
            return fail("the server does not speak protocol version " + std::string(cql::name_of(options_.version)));
        case cql::HandshakeAction::Kind::fail:
            return fail(action.error.message);
        case cql::HandshakeAction::Kind::done:
            break;
    }
    has_segments_ = cql::has_segments(options_.version);
    if (!options_.is_prepared) {
        templates_ = {RequestTemplate(options_, false, {}, {}), RequestTemplate(options_, true, {}, {})};
        stage_ = Stage::ready;
        return ready_();
    }
    stage_ = Stage::preparing;
    prepare(false, 0);
    flush();
}

void LoadConnection::prepare(bool is_write, std::uint16_t stream_id) {
    cql::append_prepare(out(), options_.version, stream_id, RequestTemplate::text(options_, is_write));
}

void LoadConnection::prepared(const cql::FrameView& frame, bool is_write) {
    const auto result = cql::parse_prepared(options_.version, frame.body());
    if (frame.header.opcode != cql::Opcode::result || !result) {
        const auto error = cql::parse_error(options_.version, frame.body());
        return fail("PREPARE was not answered with PREPARED" + (error ? ": " + std::string(error->text) : ""));
    }
    templates_[is_write ? 1 : 0] = RequestTemplate(options_, is_write, result->id, result->result_metadata_id);
}

void LoadConnection::begin(std::uint64_t quota) {
    if (stage_ != Stage::ready) return;
    stage_ = Stage::running;
    is_limited_ = quota > 0;
    left_ = quota;
    now_ns_ = now_ns();
    for (std::uint32_t i = 0; i < options_.depth; ++i) send_next(static_cast<std::uint16_t>(i));
    flush();
}

void LoadConnection::stop() {
    is_stopped_ = true;
    end_if_over();
}

void LoadConnection::give_up() {
    if (stage_ == Stage::ended) return;
    stage_ = Stage::ended;
    result_.unanswered += in_flight_;
    if (stream_ != nullptr) stream_->close();
}

void LoadConnection::end_if_over() {
    const bool sends_no_more = is_stopped_ || (is_limited_ && left_ == 0);
    if (!sends_no_more || in_flight_ > 0 || (stage_ != Stage::running && stage_ != Stage::ready)) return;
    // The connection stays open: an answer too many is still seen.
    stage_ = Stage::ready;
    tell_over();
}

void LoadConnection::tell_over() {
    if (!std::exchange(is_over_, true)) done_();
}

void LoadConnection::send_next(std::uint16_t stream_id) {
    if (is_stopped_ || (is_limited_ && left_ == 0)) return;
    if (is_limited_) --left_;
    Slot& slot = slots_[stream_id];
    const bool is_write = options_.mix == Mix::writes || (options_.mix == Mix::half && (serial_ & 1) != 0);
    ++serial_;
    random_ ^= random_ << 13;
    random_ ^= random_ >> 7;
    random_ ^= random_ << 17;
    slot.key = random_ % options_.keys;
    slot.doing = is_write ? Doing::write : Doing::read;
    slot.sent_ns = now_ns_;
    ++in_flight_;
    ++result_.sent;
    send(stream_id);
}

void LoadConnection::send(std::uint16_t stream_id) {
    const Slot& slot = slots_[stream_id];
    templates_[slot.doing == Doing::write ? 1 : 0].append(out(), stream_id, slot.key);
}

void LoadConnection::flush() {
    if (stage_ == Stage::ended) return;
    if (has_segments_ && !envelopes_out_.empty()) {
        cql::append_segments(stream_->out(), envelopes_out_, cql::SegmentCompression::none);
        envelopes_out_.clear();
    }
    if (!stream_->out().empty()) stream_->send_soon();
}

std::size_t LoadConnection::on_bytes(std::span<std::uint8_t> bytes) {
    std::size_t used = 0;
    if (stage_ == Stage::logging_in) {
        step(cql::Handshake::Received{bytes}, used);
        if (stage_ == Stage::logging_in || stage_ == Stage::ended) return used;
    }
    now_ns_ = now_ns();
    while (used < bytes.size() && stage_ != Stage::ended) {
        const std::size_t taken = has_segments_ ? take_segment(bytes.subspan(used)) : take_frames(bytes.subspan(used));
        if (taken == 0) break;
        used += taken;
    }
    flush();
    end_if_over();
    return used;
}

std::size_t LoadConnection::take_segment(base::ByteView bytes) {
    const auto scan = cql::scan_segment(bytes, cql::SegmentCompression::none);
    if (!scan) {
        fail(scan.error().message);
        return 0;
    }
    if (!scan->is_whole) return 0;
    const base::ByteView payload = bytes.subspan(scan->payload_offset, scan->payload_size);
    if (scan->is_self_contained && envelopes_in_.empty()) {
        if (take_frames(payload) != payload.size()) fail("a self-contained segment with a part of an envelope");
        return scan->size;
    }
    base::append(envelopes_in_, payload);
    const std::size_t used = take_frames(envelopes_in_);
    envelopes_in_.erase(envelopes_in_.begin(), envelopes_in_.begin() + static_cast<std::ptrdiff_t>(used));
    return scan->size;
}

std::size_t LoadConnection::take_frames(base::ByteView bytes) {
    std::size_t used = 0;
    while (used < bytes.size() && stage_ != Stage::ended) {
        const cql::FrameScan scan = cql::scan_frame(bytes.subspan(used), cql::largest_frame);
        if (scan.state == cql::FrameScan::State::refused) fail("an answer of an impossible size");
        if (scan.state != cql::FrameScan::State::whole) break;
        used += scan.frame.bytes.size();
        answered(scan.frame);
    }
    return used;
}

void LoadConnection::answered(const cql::FrameView& frame) {
    const auto stream_id = static_cast<std::uint16_t>(frame.header.stream_id);
    if (stage_ == Stage::preparing) {
        prepared(frame, stream_id == 1);
        if (stage_ == Stage::ended) return;
        if (stream_id == 0) return prepare(true, 1);
        stage_ = Stage::ready;
        return ready_();
    }
    if (stream_id >= slots_.size() || slots_[stream_id].doing == Doing::nothing) {
        ++result_.unexpected_answers;
        return;
    }
    Slot& slot = slots_[stream_id];
    if (slot.doing == Doing::prepare_for_read || slot.doing == Doing::prepare_for_write) {
        const bool is_write = slot.doing == Doing::prepare_for_write;
        prepared(frame, is_write);
        slot.doing = is_write ? Doing::write : Doing::read;
        if (stage_ != Stage::ended) send(stream_id);
        return;
    }
    if (frame.header.opcode == cql::Opcode::error) return failed_request(frame, stream_id);
    if (!is_right(frame, slot)) {
        ++result_.wrong_answers;
    } else {
        ++(slot.doing == Doing::write ? result_.writes : result_.reads);
        if (is_measuring_.load(std::memory_order_relaxed)) result_.latency.record(now_ns_ - slot.sent_ns);
    }
    slot.doing = Doing::nothing;
    --in_flight_;
    send_next(stream_id);
}

void LoadConnection::failed_request(const cql::FrameView& frame, std::uint16_t stream_id) {
    Slot& slot = slots_[stream_id];
    const auto prefix = cql::read_body_prefix(frame.header, frame.body());
    const auto error = cql::parse_error(options_.version, frame.body().subspan(prefix ? prefix->size : 0));
    if (error && error->code == cql::ErrorCode::unprepared) {
        ++result_.prepared_again;
        const bool is_write = slot.doing == Doing::write;
        slot.doing = is_write ? Doing::prepare_for_write : Doing::prepare_for_read;
        return prepare(is_write, stream_id);
    }
    if (!error) {
        ++result_.wrong_answers;
    } else {
        ErrorSeen& seen = result_.errors[static_cast<std::int32_t>(error->code)];
        if (seen.count++ == 0) seen.first_text = error->text;
    }
    slot.doing = Doing::nothing;
    --in_flight_;
    send_next(stream_id);
}

bool LoadConnection::is_right(const cql::FrameView& frame, const Slot& slot) const {
    if (frame.header.opcode != cql::Opcode::result) return false;
    const auto prefix = cql::read_body_prefix(frame.header, frame.body());
    if (!prefix) return false;
    const base::ByteView body = frame.body().subspan(prefix->size);
    if (slot.doing == Doing::write)
        return body.size() >= 4 &&
               cql::load_int(body.data()) == static_cast<std::uint32_t>(cql::ResultKind::void_result);
    // Rows without metadata: kind, flags, columns, rows, then the key's cell.
    constexpr std::size_t cells = 16;
    base::ByteView key;
    if (body.size() >= cells && cql::load_int(body.data()) == static_cast<std::uint32_t>(cql::ResultKind::rows) &&
        cql::load_int(body.data() + 4) == cql::rows_flag::no_metadata) {
        key = cql::Reader(body.subspan(cells)).bytes();
    } else {
        const auto rows = cql::parse_rows(options_.version, body);
        if (!rows || rows->row_count != 1) return false;
        key = cql::Reader(rows->rows).bytes();
    }
    std::array<std::uint8_t, RequestTemplate::key_size> wanted{};
    RequestTemplate::write_key(wanted.data(), slot.key);
    return std::equal(key.begin(), key.end(), wanted.begin(), wanted.end());
}

}  // namespace crossfade::bench
