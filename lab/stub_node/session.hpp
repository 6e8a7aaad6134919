// One client connection of a stub node: framing, version, compression, login.
#pragma once

#include <chrono>
#include <deque>
#include <functional>
#include <memory>
#include <string>

#include "cql/compression.hpp"
#include "cql/frame.hpp"
#include "cql/segment.hpp"
#include "net/loop.hpp"
#include "net/stream.hpp"
#include "stub_node/request_handler.hpp"

namespace crossfade::lab {

// On its worker's thread. When the connection has ended, `ended` is called once, from the loop, and destroys it.
class Session final : public net::StreamUser {
public:
    Session(net::Loop& loop, std::unique_ptr<net::Stream> stream, Node& node, Counts& counts, RequestHandler& handler,
            std::function<void(Session&)> ended);
    ~Session();

    std::size_t on_bytes(std::span<std::uint8_t> bytes) override;
    void on_closed(const base::Error& why) override;
    void on_drained() override { stream_->resume_reading(); }
    // Ends the connection at once.
    void close();

private:
    enum class Stage : std::uint8_t { fresh, login, ready, ended };
    struct Held {
        net::Loop::Clock::time_point due;
        base::Bytes bytes;
    };

    std::size_t take_frame(base::ByteView bytes);
    std::size_t take_segment(base::ByteView bytes);
    std::size_t take_envelopes(base::ByteView bytes);
    void handle(const cql::FrameView& frame);
    void handle_request(const cql::FrameHeader& header, base::ByteView body);
    void start_up(const cql::FrameHeader& header, base::ByteView body);
    void log_in(const cql::FrameHeader& header, base::ByteView body);
    void supported(const cql::FrameHeader& header);
    bool is_version_right(const cql::FrameHeader& header);
    // Answers PROTOCOL_ERROR and ends the connection.
    void refuse(const cql::FrameHeader& header, std::uint8_t version, cql::ErrorCode code, std::string_view text);

    // Frames are appended to answers(), uncompressed; deliver() brings them on their way as the connection has it.
    base::Bytes& answers() { return is_direct() ? stream_->out() : answers_; }
    bool is_direct() const;
    void deliver();
    void send_answers();
    void send(base::ByteView frames);
    void send_due();
    void end(bool after_sending);

    net::Loop& loop_;
    std::unique_ptr<net::Stream> stream_;
    Node& node_;
    Counts& counts_;
    RequestHandler& handler_;
    std::function<void(Session&)> ended_;
    Stage stage_ = Stage::fresh;
    std::uint8_t version_ = 0;  // of the first frame
    cql::Compression compression_ = cql::Compression::none;
    bool has_segments_ = false;
    std::string keyspace_;
    base::Bytes answers_, envelopes_, decompressed_;
    std::deque<Held> held_;
    net::Timer timer_;
};

}  // namespace crossfade::lab
