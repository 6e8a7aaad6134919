#include "net/socket_stream.hpp"

#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>

namespace crossfade::net {
namespace {

void set_option(int descriptor, int level, int name, int value) {
    ::setsockopt(descriptor, level, name, &value, sizeof value);
}

// A peer that vanished without a word is noticed within about two minutes, although nothing is sent to it.
void find_vanished_peers(int descriptor) {
    set_option(descriptor, SOL_SOCKET, SO_KEEPALIVE, 1);
    set_option(descriptor, IPPROTO_TCP, TCP_KEEPIDLE, 60);
    set_option(descriptor, IPPROTO_TCP, TCP_KEEPINTVL, 15);
    set_option(descriptor, IPPROTO_TCP, TCP_KEEPCNT, 4);
}

}  // namespace

SocketState::SocketState(Loop& loop, Socket socket) : loop_(loop), socket_(std::move(socket)) {
    set_option(socket_.get(), IPPROTO_TCP, TCP_NODELAY, 1);
    find_vanished_peers(socket_.get());
    peer_ = to_text(peer_endpoint(socket_.get()).address());
    local_ = to_text(local_endpoint(socket_.get()).address());
}

SocketState::~SocketState() {
    close();
}

bool SocketState::attach(bool is_watched) {
    if (!is_watched) return loop_.implementation().watch(socket_.get(), *this);
    loop_.implementation().watch_instead(socket_.get(), *this);
    return true;
}

std::unique_ptr<SocketState> make_socket_state(Loop& loop, Socket socket, bool is_watched) {
    auto state = std::make_unique<SocketState>(loop, std::move(socket));
    return state->attach(is_watched) ? std::move(state) : nullptr;
}

void SocketState::start(StreamUser& user) {
    if (is_closed_ || is_lingering_) return;
    user_ = &user;
    has_unshown_ = !in_.empty();
    if (has_unshown_ || may_read_ || write_error_ != 0) loop_.implementation().again(*this);
}

void SocketState::resume_reading() {
    if (!is_paused_ || is_closed_) return;
    is_paused_ = false;
    has_unshown_ = !in_.empty();
    if (has_unshown_ || may_read_) loop_.implementation().again(*this);
}

void SocketState::on_ready(std::uint32_t events) {
    if ((events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0) may_read_ = true;
    if ((events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0) has_hung_up_ = true;
    if (is_blocked_ && (events & (EPOLLOUT | EPOLLHUP | EPOLLERR)) != 0) {
        is_blocked_ = false;
        loop_.at_turn_end(*this);
    }
    // A reset is told at once, also to who does not want to read now: nobody is there to answer any more.
    if (is_paused_ && user_ != nullptr && (events & EPOLLERR) != 0) {
        int error = 0;
        socklen_t size = sizeof error;
        ::getsockopt(socket_.get(), SOL_SOCKET, SO_ERROR, &error, &size);
        failed(error == 0 ? ECONNRESET : error, "the connection");
        return;
    }
    if (has_unshown_ && user_ != nullptr && !is_paused_) deliver();
    if (is_to_read()) {
        if (is_lingering_)
            discard();
        else
            read();
    }
    if (write_error_ != 0 && (!may_read_ || is_paused_) && user_ != nullptr) failed(write_error_, "write");
}

void SocketState::read() {
    const std::span<std::uint8_t> room = in_.prepare();
    const ssize_t count = ::recv(socket_.get(), room.data(), room.size(), 0);
    if (count > 0) {
        in_.commit(static_cast<std::size_t>(count));
        // Less than there was room for: the kernel has no more, and tells when it has again. But what says that the
        // peer is done was told already.
        may_read_ = static_cast<std::size_t>(count) == room.size() || has_hung_up_;
        if (may_read_) loop_.implementation().again(*this);
        deliver();
    } else if (count == 0) {
        ended(base::Error(base::ErrorKind::connection, peer_ + " closed the connection"));
    } else if (errno == EINTR) {
        loop_.implementation().again(*this);
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
        may_read_ = false;
    } else {
        failed(errno, "read");
    }
}

void SocketState::discard() {
    const std::span<std::uint8_t> room = in_.prepare();
    const ssize_t count = ::recv(socket_.get(), room.data(), room.size(), 0);
    if (count > 0 || (count < 0 && errno == EINTR)) {
        loop_.implementation().again(*this);
    } else if (count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
        may_read_ = false;
    } else if (count == 0 && unsent() > 0) {
        // The peer has said all it had to say, and may still listen.
        may_read_ = false;
        peer_has_ended_ = true;
    } else {
        close();
    }
}

void SocketState::deliver() {
    has_unshown_ = false;
    const std::span<std::uint8_t> bytes = in_.unread();
    if (bytes.empty()) return;  // the old user consumed them after a new one had come
    // The user may close or destroy its stream here: this object then lives until the turn ends, and so do the bytes.
    const std::size_t used = user_->on_bytes(bytes);
    if (is_closed_ || is_lingering_) return;
    in_.consume(used);
    if (in_.is_grown()) watch_growth();
}

void SocketState::turn_ended() {
    flush();
}

// Sends from `bytes` until they are gone (true) or the kernel takes no more (false).
bool SocketState::send_from(base::Bytes& bytes, std::size_t& sent) {
    while (sent < bytes.size()) {
        const ssize_t count = ::send(socket_.get(), bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL);
        if (count >= 0) {
            sent += static_cast<std::size_t>(count);
            continue;
        }
        if (errno == EINTR) continue;
        if (errno == EAGAIN || errno == EWOULDBLOCK) {
            is_blocked_ = true;
        } else {
            // The peer may have said why before it went: what can still be read is read first, and its end tells the
            // user.
            write_error_ = errno;
            may_read_ = true;
            loop_.implementation().again(*this);
        }
        return false;
    }
    if (bytes.capacity() > normal_out_capacity) watch_growth();
    bytes.clear();
    sent = 0;
    return true;
}

void SocketState::flush() {
    if (is_closed_ || is_blocked_) return;
    if (write_error_ != 0) {
        out_.clear();
        blocked_.clear();
        sent_ = 0;
        return;
    }
    if (send_from(blocked_, sent_) && !out_.empty()) {
        std::size_t sent = 0;
        if (!send_from(out_, sent)) {
            // out_ is the users' again, and may grow while the rest waits.
            blocked_.swap(out_);
            sent_ = sent;
        }
    }
    if (is_lingering_) shut_down_when_sent();
    if (has_mark_ && !is_closed_ && user_ != nullptr && unsent() <= mark_) {
        has_mark_ = false;
        user_->on_drained();
    }
}

void SocketState::notify_when_unsent_below(std::size_t mark) {
    if (is_closed_) return;
    mark_ = mark;
    has_mark_ = true;
    if (unsent() <= mark) send_soon();
}

void SocketState::failed(int error_number, const char* doing) {
    ended(base::Error(base::ErrorKind::connection, peer_ + ": " + doing + " failed: " + text_of_error(error_number)));
}

void SocketState::ended(const base::Error& why) {
    StreamUser* const user = user_;
    close();
    if (user != nullptr) user->on_closed(why);
}

void SocketState::close() {
    if (is_closed_) return;
    is_closed_ = true;
    user_ = nullptr;
    disarm();
    loop_.cancel_turn_end(*this);
    loop_.implementation().forget(*this);
    socket_.close();
    out_.clear();
    blocked_.clear();
    sent_ = 0;
    if (is_lingering_) loop_.implementation().let_go(*this);
}

void SocketState::close_after_sending(std::chrono::milliseconds within) {
    if (is_closed_ || is_lingering_) return;
    user_ = nullptr;
    is_lingering_ = true;
    loop_.implementation().wheel.arm(*this, Loop::Clock::now() + within);
    send_soon();
}

// Half-closed first and read to its end: closing with unread bytes makes the kernel reset the connection, and the peer
// lose what was sent last.
void SocketState::shut_down_when_sent() {
    if (write_error_ != 0) {
        close();
        return;
    }
    if (is_shut_down_ || unsent() > 0) return;
    if (peer_has_ended_) {
        close();
        return;
    }
    is_shut_down_ = true;
    ::shutdown(socket_.get(), SHUT_WR);
    may_read_ = true;
    loop_.implementation().again(*this);
}

void SocketState::watch_growth() {
    if (!is_armed() && !is_closed_) loop_.implementation().wheel.arm(*this, loop_.now() + trim_every);
}

void SocketState::on_expired() {
    if (is_lingering_) {
        // Time is up. A reset, or the kernel would go on offering the rest to a peer that does not take it.
        const linger abort{1, 0};
        ::setsockopt(socket_.get(), SOL_SOCKET, SO_LINGER, &abort, sizeof abort);
        close();
        return;
    }
    in_.trim();
    // Seldom enough to be simple: what is empty at this moment starts small again.
    if (out_.empty() && out_.capacity() > normal_out_capacity) base::Bytes().swap(out_);
    if (blocked_.empty() && blocked_.capacity() > normal_out_capacity) base::Bytes().swap(blocked_);
    if (in_.is_grown() || out_.capacity() > normal_out_capacity || blocked_.capacity() > normal_out_capacity)
        watch_growth();
}

}  // namespace crossfade::net
