#include "net/socket_stream.hpp"

#include <sys/socket.h>

#include <algorithm>
#include <boost/asio/buffer.hpp>
#include <boost/asio/post.hpp>
#include <cerrno>
#include <cstring>

namespace crossfade::net {
namespace {

using boost::asio::ip::tcp;

constexpr std::size_t first_buffer = 32U * 1024U;
constexpr std::size_t largest_idle_buffer = 1024U * 1024U;

std::string text_of_endpoint(const tcp::endpoint& endpoint) { return to_text({endpoint.address().to_string(), endpoint.port()}); }

}  // namespace

SocketState::SocketState(Loop& loop, tcp::socket socket, std::unique_ptr<TlsEngine> tls)
    : loop_(loop), socket_(std::move(socket)), tls_(std::move(tls)) {
    boost::system::error_code ignored;  // a socket that has ended by now says so at its first read
    socket_.set_option(tcp::no_delay(true), ignored);
    socket_.native_non_blocking(true, ignored);
    const tcp::endpoint peer = socket_.remote_endpoint(ignored);
    peer_ = text_of_endpoint(peer);
    local_ = text_of_endpoint(socket_.local_endpoint(ignored));
}

SocketState::~SocketState() { loop_.cancel_turn_end(*this); }

void SocketState::start(StreamUser& user) {
    user_ = &user;
    if (in_end_ > in_begin_) {
        boost::asio::post(loop_.implementation().context, [self = shared_from_this()] {
            if (!self->is_paused_) self->deliver();
        });
    }
    read();
}

void SocketState::open(std::function<void(base::Result<void>)> done) {
    opened_ = std::move(done);
    if (tls_ != nullptr) {
        if (const auto begun = tls_->begin(sending_); !begun) {
            failed(begun.error());
            return;
        }
        flush();
        read();
        return;
    }
    boost::asio::post(loop_.implementation().context, [self = shared_from_this()] {
        if (self->is_closed_ || !self->opened_) return;
        std::exchange(self->opened_, nullptr)({});
    });
}

void SocketState::pause() { is_paused_ = true; }

void SocketState::resume() {
    if (!is_paused_) return;
    is_paused_ = false;
    if (is_closed_) return;
    if (in_end_ > in_begin_ && !is_delivering_) {
        boost::asio::post(loop_.implementation().context, [self = shared_from_this()] {
            if (!self->is_paused_) self->deliver();
        });
    }
    read();
}

void SocketState::read() {
    if (is_closed_ || is_reading_ || (is_paused_ && !is_lingering_)) return;
    base::Bytes& buffer = tls_ == nullptr ? in_ : encrypted_;
    std::size_t used = tls_ == nullptr ? in_end_ : 0;
    if (tls_ == nullptr) {
        if (in_begin_ == in_end_) {
            in_begin_ = in_end_ = used = 0;
            if (in_.size() > largest_idle_buffer) base::Bytes(first_buffer).swap(in_);
        } else if (in_begin_ > 0 && in_end_ == in_.size()) {
            std::memmove(in_.data(), in_.data() + in_begin_, in_end_ - in_begin_);
            in_end_ -= in_begin_;
            in_begin_ = 0;
            used = in_end_;
        }
    }
    if (buffer.size() - used < first_buffer / 4) buffer.resize(std::max(first_buffer, buffer.size() * 2));
    is_reading_ = true;
    socket_.async_read_some(boost::asio::buffer(buffer.data() + used, buffer.size() - used),
                            [self = shared_from_this()](const boost::system::error_code& error, std::size_t count) {
                                self->is_reading_ = false;
                                if (self->is_closed_) return;
                                if (error) self->failed(error, "read"); else self->received(count);
                            });
}

void SocketState::received(std::size_t count) {
    if (is_lingering_) {
        read();
        return;
    }
    if (tls_ == nullptr) {
        in_end_ += count;
    } else {
        decrypted_.clear();
        const auto result = tls_->receive(base::ByteView(encrypted_).first(count), decrypted_, sending_);
        if (sending_.size() > sent_) flush();
        if (is_closed_) return;
        if (!result) {
            failed(result.error());
            return;
        }
        if (in_begin_ == in_end_) in_begin_ = in_end_ = 0;
        if (in_.size() < in_end_ + decrypted_.size()) in_.resize(in_end_ + decrypted_.size());
        std::copy(decrypted_.begin(), decrypted_.end(), in_.begin() + static_cast<std::ptrdiff_t>(in_end_));
        in_end_ += decrypted_.size();
        if (opened_ && tls_->is_open()) {
            std::exchange(opened_, nullptr)({});
            if (is_closed_) return;
        }
    }
    if (user_ != nullptr && !is_paused_) deliver();
    if (is_closed_) return;
    if (tls_ != nullptr && tls_->is_finished()) {
        failed(base::Error(base::ErrorKind::connection, peer_ + " closed the connection"));
        return;
    }
    read();
}

void SocketState::deliver() {
    if (is_closed_ || user_ == nullptr || in_begin_ == in_end_) return;
    is_delivering_ = true;
    // Kept alive by whoever called; the user may close or destroy its stream.
    const std::size_t used = user_->on_bytes(std::span(in_).subspan(in_begin_, in_end_ - in_begin_));
    is_delivering_ = false;
    if (is_closed_) return;
    in_begin_ = std::min(in_begin_ + used, in_end_);
    if (in_begin_ == in_end_) in_begin_ = in_end_ = 0;
}

void SocketState::turn_ended() {
    if (is_closed_) return;
    const auto self = shared_from_this();
    encrypt();
    flush();
}

// Moves out_ to where flush() sends from.
void SocketState::encrypt() {
    if (out_.empty() || is_closed_) return;
    if (tls_ != nullptr) {
        const auto result = tls_->send(out_, sending_);
        out_.clear();
        if (!result) failed(result.error());
    } else if (sent_ == sending_.size()) {
        sending_.clear();
        sent_ = 0;
        sending_.swap(out_);
    } else {
        base::append(sending_, out_);
        out_.clear();
    }
    if (out_.capacity() > largest_idle_buffer && out_.empty()) base::Bytes().swap(out_);
}

void SocketState::flush() {
    while (!is_closed_ && !is_waiting_for_room_ && sent_ < sending_.size()) {
        const ssize_t count = ::send(socket_.native_handle(), sending_.data() + sent_, sending_.size() - sent_, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (count >= 0) {
            sent_ += static_cast<std::size_t>(count);
        } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
            wait_for_room();
        } else if (errno != EINTR) {
            failed(boost::system::error_code(errno, boost::system::system_category()), "write");
            return;
        }
    }
    if (is_closed_) return;
    if (sent_ == sending_.size()) {
        sending_.clear();
        sent_ = 0;
        if (sending_.capacity() > largest_idle_buffer) base::Bytes().swap(sending_);
        // The buffer with the capacity goes back to where users append.
        if (tls_ == nullptr && out_.empty() && out_.capacity() < sending_.capacity()) out_.swap(sending_);
    } else if (sent_ > largest_idle_buffer) {
        sending_.erase(sending_.begin(), sending_.begin() + static_cast<std::ptrdiff_t>(sent_));
        sent_ = 0;
    }
    wrote();
}

void SocketState::wait_for_room() {
    is_waiting_for_room_ = true;
    socket_.async_wait(tcp::socket::wait_write, [self = shared_from_this()](const boost::system::error_code& error) {
        self->is_waiting_for_room_ = false;
        if (self->is_closed_) return;
        if (error) {
            self->failed(error, "write");
            return;
        }
        self->encrypt();
        self->flush();
    });
}

void SocketState::wrote() {
    if (is_lingering_ && unsent() == 0 && !was_shut_down_) {
        // Half-closed first, so that what was sent is not thrown away by a reset.
        was_shut_down_ = true;
        boost::system::error_code ignored;
        socket_.shutdown(tcp::socket::shutdown_send, ignored);
        read();
        return;
    }
    if (has_mark_ && unsent() <= mark_) {
        has_mark_ = false;
        if (user_ != nullptr) user_->on_drained();
    }
}

void SocketState::notify_when_unsent_below(std::size_t mark) {
    mark_ = mark;
    has_mark_ = true;
    if (unsent() <= mark) send_soon();
}

void SocketState::failed(const boost::system::error_code& error, const char* doing) {
    if (error == boost::asio::error::operation_aborted) return;
    failed(base::Error(base::ErrorKind::connection, error == boost::asio::error::eof ? peer_ + " closed the connection"
                                                                                     : peer_ + ": " + doing + " failed: " + error.message()));
}

void SocketState::failed(const base::Error& why) {
    if (is_closed_ || has_failed_) return;
    has_failed_ = true;
    // From the loop itself: never from inside a call to the stream.
    boost::asio::post(loop_.implementation().context, [self = shared_from_this(), why] {
        if (self->is_closed_) return;
        if (self->is_lingering_) {
            self->finish_lingering();
            return;
        }
        StreamUser* const user = self->user_;
        auto opened = std::exchange(self->opened_, nullptr);
        self->close();
        if (opened) opened(base::fail(why));
        else if (user != nullptr) user->on_closed(why);
    });
}

void SocketState::close() {
    if (is_closed_ || is_lingering_) return;
    is_closed_ = true;
    user_ = nullptr;
    opened_ = nullptr;
    loop_.cancel_turn_end(*this);
    boost::system::error_code ignored;
    socket_.close(ignored);
}

void SocketState::finish_lingering() {
    is_lingering_ = false;
    linger_.reset();
    close();
}

void SocketState::close_after_sending(std::chrono::milliseconds within) {
    if (is_closed_ || is_lingering_) return;
    user_ = nullptr;
    is_lingering_ = true;
    linger_ = std::make_unique<boost::asio::steady_timer>(loop_.implementation().context, within);
    linger_->async_wait([self = shared_from_this()](const boost::system::error_code&) {
        if (!self->is_closed_) self->finish_lingering();
    });
    encrypt();
    if (tls_ != nullptr) tls_->finish(sending_);
    flush();
    read();
}

}  // namespace crossfade::net
