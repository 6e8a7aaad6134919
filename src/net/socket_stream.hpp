// A stream on a TCP socket. For net's own sources only.
#pragma once

#include <memory>
#include <string>

#include "base/timing_wheel.hpp"
#include "net/loop_implementation.hpp"
#include "net/read_buffer.hpp"
#include "net/socket.hpp"
#include "net/stream.hpp"

namespace crossfade::net {

// What stands behind the Stream; see stream_handle.hpp for how long it lives.
class SocketState final : public Disposable, public Ready, public TurnEnd, public base::WheelEntry {
public:
    // How large a buffer for sending may stay when nothing needs it; and how often that is looked at.
    static constexpr std::size_t normal_out_capacity = 64U * 1024U;
    static constexpr std::chrono::seconds trim_every{1};

    SocketState(Loop& loop, Socket socket);
    ~SocketState() override;
    // Makes the loop watch the socket; `is_watched`: it already does, for somebody else. False when the system has no
    // room.
    bool attach(bool is_watched);

    void start(StreamUser& user);
    void pause_reading() { is_paused_ = true; }
    void resume_reading();
    base::Bytes& out() { return out_; }
    void send_soon() { loop_.at_turn_end(*this); }
    std::size_t unsent() const { return out_.size() + (blocked_.size() - sent_); }
    void notify_when_unsent_below(std::size_t mark);
    void close();
    void close_after_sending(std::chrono::milliseconds within);
    bool is_sending_last_bytes() const { return is_lingering_ && !is_closed_; }
    std::string peer_address() const { return peer_; }
    std::string local_address() const { return local_; }
    std::string server_name() const { return {}; }
    std::string peer_certificate() const { return {}; }

    void on_ready(std::uint32_t events) override;
    void turn_ended() override;
    void on_expired() override;  // the time to look for buffers to trim, or the end of lingering

private:
    bool is_to_read() const { return may_read_ && !is_closed_ && (is_lingering_ || (user_ != nullptr && !is_paused_)); }
    void read();
    void discard();
    void deliver();
    void flush();
    bool send_from(base::Bytes& bytes, std::size_t& sent);
    void watch_growth();
    void failed(int error_number, const char* doing);
    void ended(const base::Error& why);
    void shut_down_when_sent();

    Loop& loop_;
    Socket socket_;
    StreamUser* user_ = nullptr;
    ReadBuffer in_;
    base::Bytes out_;      // what users append
    base::Bytes blocked_;  // what the kernel did not take in one go: [sent_, end) is still to leave, before out_
    std::size_t sent_ = 0;
    std::size_t mark_ = 0;
    int write_error_ = 0;
    bool may_read_ = false;     // there may be something to read
    bool has_hung_up_ = false;  // an end or an error is behind the bytes to read
    bool has_unshown_ = false;  // bytes were received that the present user has not seen
    bool is_paused_ = false, is_blocked_ = false, has_mark_ = false;
    bool is_closed_ = false, is_lingering_ = false, is_shut_down_ = false, peer_has_ended_ = false;
    std::string peer_, local_;
};

// A stream of a connected socket, or nothing when the loop has no room for it.
std::unique_ptr<SocketState> make_socket_state(Loop& loop, Socket socket, bool is_watched);

}  // namespace crossfade::net
