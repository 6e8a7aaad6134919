// TLS on top of any stream: decrypts what that one shows, encrypts what users append. For net's own sources only.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "net/loop_implementation.hpp"
#include "net/read_buffer.hpp"
#include "net/stream.hpp"
#include "net/tls_engine.hpp"

namespace crossfade::net {

// What stands behind a TLS Stream; see stream_handle.hpp for how long it lives. The handshake is complete.
class TlsState final : public Disposable, public Ready, public StreamUser, public TurnEnd, public base::WheelEntry {
public:
    TlsState(Loop& loop, std::unique_ptr<Stream> wire, std::unique_ptr<TlsEngine> engine);
    ~TlsState() override;

    void start(StreamUser& user);
    void pause_reading();
    void resume_reading();
    base::Bytes& out() { return out_; }
    void send_soon() { loop_.at_turn_end(*this); }
    std::size_t unsent() const { return out_.size() + wire_->unsent(); }
    void notify_when_unsent_below(std::size_t mark);
    void close();
    void close_after_sending(std::chrono::milliseconds within);
    // Never: the stream below holds itself.
    bool is_sending_last_bytes() const { return false; }
    std::string peer_address() const { return wire_->peer_address(); }
    std::string local_address() const { return wire_->local_address(); }
    std::string server_name() const { return server_name_; }
    std::string peer_certificate() const { return engine_->peer_certificate(); }

    std::size_t on_bytes(std::span<std::uint8_t> bytes) override;
    void on_closed(const base::Error& why) override;
    void on_drained() override;
    void on_ready(std::uint32_t events) override;
    void turn_ended() override;
    void on_expired() override;

private:
    void show();
    void encrypt();
    void tell_end();

    Loop& loop_;
    const std::unique_ptr<Stream> wire_;
    const std::unique_ptr<TlsEngine> engine_;
    const std::string server_name_;
    StreamUser* user_ = nullptr;
    ReadBuffer in_;
    base::Bytes out_;
    std::optional<base::Error> end_;  // told to the user after the bytes that came before it
    std::size_t mark_ = 0;
    bool has_unshown_ = false, is_paused_ = false, has_mark_ = false, is_closed_ = false;
    bool is_wire_ending_ = false;  // it sends its last bytes by itself
};

// Runs a handshake to its end, then gives the stream. The stream below becomes its own.
class TlsHandshake final : public Disposable, public Ready, public StreamUser {
public:
    // `done` is called once, from the loop, with the stream or why there is none; not after this is destroyed. It must
    // not destroy this object itself: it gives it to the loop to dispose of.
    TlsHandshake(Loop& loop, std::unique_ptr<Stream> wire, std::unique_ptr<TlsEngine> engine,
                 std::function<void(base::Result<std::unique_ptr<Stream>>)> done);
    ~TlsHandshake() override;
    // `done` is not called any more: for whoever disposes of it, since what is ready in the same turn still comes.
    void abandon() { done_ = nullptr; }

    std::size_t on_bytes(std::span<std::uint8_t> bytes) override;
    void on_closed(const base::Error& why) override;
    void on_ready(std::uint32_t events) override;  // the first message

private:
    bool advance(base::ByteView& received);
    void fail(const base::Error& why);

    Loop& loop_;
    std::unique_ptr<Stream> wire_;
    std::unique_ptr<TlsEngine> engine_;
    std::function<void(base::Result<std::unique_ptr<Stream>>)> done_;
};

}  // namespace crossfade::net
