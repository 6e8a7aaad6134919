#include "net/tls_stream.hpp"

#include "net/stream_handle.hpp"

namespace crossfade::net {
namespace {

constexpr std::size_t normal_out_capacity = 64U * 1024U;
constexpr std::chrono::seconds trim_every{1};
constexpr std::chrono::seconds time_for_alert{1};  // for telling the peer why TLS failed

}  // namespace

TlsState::TlsState(Loop& loop, std::unique_ptr<Stream> wire, std::unique_ptr<TlsEngine> engine)
    : loop_(loop), wire_(std::move(wire)), engine_(std::move(engine)), server_name_(engine_->server_name()) {
    // Until somebody wants the bytes they stay where they are.
    wire_->pause_reading();
    wire_->start(*this);
}

TlsState::~TlsState() {
    close();
}

void TlsState::start(StreamUser& user) {
    if (is_closed_) return;
    user_ = &user;
    has_unshown_ = !in_.empty();
    if (has_unshown_ || end_) loop_.implementation().again(*this);
    if (!is_paused_) wire_->resume_reading();
}

void TlsState::pause_reading() {
    is_paused_ = true;
    if (!is_closed_) wire_->pause_reading();
}

void TlsState::resume_reading() {
    if (!is_paused_ || is_closed_) return;
    is_paused_ = false;
    has_unshown_ = !in_.empty();
    if (has_unshown_ || end_) loop_.implementation().again(*this);
    if (user_ != nullptr) wire_->resume_reading();
}

std::size_t TlsState::on_bytes(std::span<std::uint8_t> bytes) {
    if (is_closed_ || end_) return bytes.size();
    base::ByteView received(bytes);
    for (;;) {
        const auto taken = engine_->read(received, in_.prepare(), wire_->out());
        if (!taken) {
            end_ = base::Error(taken.error().kind, wire_->peer_address() + ": " + taken.error().message);
            is_wire_ending_ = true;
            wire_->close_after_sending(time_for_alert);
            break;
        }
        if (*taken == 0) break;
        in_.commit(*taken);
        has_unshown_ = true;
    }
    if (!end_ && engine_->is_finished())
        end_ = base::Error(base::ErrorKind::connection, wire_->peer_address() + " closed the connection");
    if (!is_wire_ending_ && !wire_->out().empty()) wire_->send_soon();
    show();
    return bytes.size();
}

// What came, then the end where there is one; nothing while the user pauses.
void TlsState::show() {
    if (has_unshown_ && user_ != nullptr && !is_paused_) {
        has_unshown_ = false;
        if (!in_.empty()) {
            const std::size_t used = user_->on_bytes(in_.unread());
            if (is_closed_) return;
            in_.consume(used);
        }
        if (in_.is_grown() && !is_armed()) loop_.implementation().wheel.arm(*this, loop_.now() + trim_every);
    }
    if (end_ && user_ != nullptr && !is_paused_ && !has_unshown_) tell_end();
}

void TlsState::tell_end() {
    StreamUser* const user = user_;
    const base::Error why = *end_;
    close();
    if (user != nullptr) user->on_closed(why);
}

// While the user pauses, the stream below says so only of a reset: nobody is there to answer any more.
void TlsState::on_closed(const base::Error& why) {
    if (is_closed_) return;
    if (!end_) end_ = why;
    if (user_ != nullptr) tell_end();
}

void TlsState::on_ready(std::uint32_t) {
    if (!is_closed_) show();
}

void TlsState::turn_ended() {
    if (is_closed_ || end_) return;
    encrypt();
    if (has_mark_) wire_->notify_when_unsent_below(mark_);
}

void TlsState::encrypt() {
    if (out_.empty()) return;
    const auto result = engine_->write(out_, wire_->out());
    if (out_.capacity() > normal_out_capacity && !is_armed())
        loop_.implementation().wheel.arm(*this, loop_.now() + trim_every);
    out_.clear();
    if (!result) {
        end_ = result.error();
        loop_.implementation().again(*this);
        return;
    }
    wire_->send_soon();
}

void TlsState::notify_when_unsent_below(std::size_t mark) {
    if (is_closed_) return;
    mark_ = mark;
    has_mark_ = true;
    send_soon();
}

void TlsState::on_drained() {
    if (!has_mark_ || is_closed_ || user_ == nullptr) return;
    if (unsent() > mark_) {
        send_soon();  // more was appended meanwhile: it is encrypted first
        return;
    }
    has_mark_ = false;
    user_->on_drained();
}

void TlsState::close() {
    if (is_closed_) return;
    is_closed_ = true;
    user_ = nullptr;
    disarm();
    loop_.cancel_turn_end(*this);
    loop_.implementation().forget(*this);
    if (!is_wire_ending_) wire_->close();
}

void TlsState::close_after_sending(std::chrono::milliseconds within) {
    if (is_closed_) return;
    if (!end_) {
        encrypt();
        engine_->finish(wire_->out());
        is_wire_ending_ = true;
        wire_->close_after_sending(within);
    }
    close();
}

void TlsState::on_expired() {
    in_.trim();
    if (out_.empty() && out_.capacity() > normal_out_capacity) base::Bytes().swap(out_);
    if (in_.is_grown() || out_.capacity() > normal_out_capacity)
        loop_.implementation().wheel.arm(*this, loop_.now() + trim_every);
}

TlsHandshake::TlsHandshake(Loop& loop, std::unique_ptr<Stream> wire, std::unique_ptr<TlsEngine> engine,
                           std::function<void(base::Result<std::unique_ptr<Stream>>)> done)
    : loop_(loop), wire_(std::move(wire)), engine_(std::move(engine)), done_(std::move(done)) {
    wire_->start(*this);
    loop_.implementation().again(*this);
}

TlsHandshake::~TlsHandshake() {
    loop_.implementation().forget(*this);
}

void TlsHandshake::on_ready(std::uint32_t) {
    base::ByteView nothing;
    advance(nothing);
}

std::size_t TlsHandshake::on_bytes(std::span<std::uint8_t> bytes) {
    if (done_ == nullptr) return 0;
    base::ByteView received(bytes);
    if (!advance(received)) return bytes.size();
    return bytes.size() - received.size();
}

// False when it failed.
bool TlsHandshake::advance(base::ByteView& received) {
    if (done_ == nullptr) return false;
    const auto result = engine_->handshake(received, wire_->out());
    if (!result) {
        const base::Error why(result.error().kind, wire_->peer_address() + ": " + result.error().message);
        wire_->close_after_sending(time_for_alert);
        fail(why);
        return false;
    }
    if (!wire_->out().empty()) wire_->send_soon();
    if (!engine_->is_open()) return true;
    // The rest of the bytes, if any, is shown to the stream's user: `received` tells the stream below how many were
    // used here.
    auto state = std::make_unique<TlsState>(loop_, std::move(wire_), std::move(engine_));
    const auto done = std::exchange(done_, nullptr);
    done(std::make_unique<StreamHandle<TlsState>>(loop_, std::move(state)));
    return true;
}

void TlsHandshake::on_closed(const base::Error& why) {
    fail(base::Error(why.kind, why.message + " during the TLS handshake"));
}

void TlsHandshake::fail(const base::Error& why) {
    if (const auto done = std::exchange(done_, nullptr)) done(base::fail(why));
}

}  // namespace crossfade::net
