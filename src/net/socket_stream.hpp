// A stream on a TCP socket, plain or through TLS. For net's own sources only.
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <memory>

#include "net/loop_implementation.hpp"
#include "net/stream.hpp"
#include "net/tls_engine.hpp"

namespace crossfade::net {

// What lives as long as Asio may still call it: longer than the Stream that its user holds.
class SocketState final : public std::enable_shared_from_this<SocketState>, public TurnEnd {
public:
    SocketState(Loop& loop, boost::asio::ip::tcp::socket socket, std::unique_ptr<TlsEngine> tls);
    ~SocketState();

    void start(StreamUser& user);
    // Runs the TLS handshake to its end (at once without TLS), then calls `done` once; nothing else reads meanwhile.
    void open(std::function<void(base::Result<void>)> done);
    void pause();
    void resume();
    base::Bytes& out() { return out_; }
    void send_soon() { loop_.at_turn_end(*this); }
    std::size_t unsent() const { return out_.size() + (sending_.size() - sent_); }
    void notify_when_unsent_below(std::size_t mark);
    void close();
    void close_after_sending(std::chrono::milliseconds within);
    void turn_ended() override;

    const std::string& peer() const { return peer_; }
    const std::string& local() const { return local_; }
    std::string server_name() const { return tls_ == nullptr ? "" : tls_->server_name(); }

private:
    void read();
    void received(std::size_t count);
    void deliver();
    void encrypt();
    void flush();
    void wait_for_room();
    void wrote();
    void failed(const base::Error& why);
    void failed(const boost::system::error_code& error, const char* doing);
    void finish_lingering();

    Loop& loop_;
    boost::asio::ip::tcp::socket socket_;
    std::unique_ptr<TlsEngine> tls_;
    StreamUser* user_ = nullptr;
    std::function<void(base::Result<void>)> opened_;
    std::string peer_, local_;
    base::Bytes in_;                    // received; [in_begin_, in_end_) is not consumed
    std::size_t in_begin_ = 0, in_end_ = 0;
    base::Bytes encrypted_, decrypted_;  // TLS only
    base::Bytes out_;                   // what users append
    base::Bytes sending_;               // what the kernel has not taken
    std::size_t sent_ = 0;
    std::size_t mark_ = 0;
    bool has_mark_ = false;
    bool is_reading_ = false, is_paused_ = false, is_delivering_ = false, is_waiting_for_room_ = false;
    bool is_closed_ = false, is_lingering_ = false, was_shut_down_ = false, has_failed_ = false;
    std::unique_ptr<boost::asio::steady_timer> linger_;
};

// What users hold.
class SocketStream final : public Stream {
public:
    explicit SocketStream(std::shared_ptr<SocketState> state) : state_(std::move(state)) {}
    ~SocketStream() override { state_->close(); }
    void start(StreamUser& user) override { state_->start(user); }
    void pause_reading() override { state_->pause(); }
    void resume_reading() override { state_->resume(); }
    base::Bytes& out() override { return state_->out(); }
    void send_soon() override { state_->send_soon(); }
    std::size_t unsent() const override { return state_->unsent(); }
    void notify_when_unsent_below(std::size_t mark) override { state_->notify_when_unsent_below(mark); }
    void close() override { state_->close(); }
    void close_after_sending(std::chrono::milliseconds within) override { state_->close_after_sending(within); }
    std::string peer_address() const override { return state_->peer(); }
    std::string local_address() const override { return state_->local(); }
    std::string server_name() const override { return state_->server_name(); }

private:
    const std::shared_ptr<SocketState> state_;
};

}  // namespace crossfade::net
