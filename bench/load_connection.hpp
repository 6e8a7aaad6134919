// One connection of the load generator: logs in, prepares, keeps `depth` requests in flight, and checks each answer.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "cql/handshake.hpp"
#include "load_result.hpp"
#include "net/loop.hpp"
#include "net/stream.hpp"
#include "request_template.hpp"

namespace crossfade::bench {

// Its loop's thread only. Calls `ready` once, when it could begin or has failed, and `done` once after stop() or its
// last request, when nothing is in flight any more (or the connection ended).
class LoadConnection final : public net::StreamUser {
public:
    LoadConnection(net::Loop& loop, const LoadOptions& options, std::uint32_t number, LoadResult& result,
                   const std::atomic<bool>& is_measuring, std::function<void()> ready, std::function<void()> done);

    void begin(std::uint64_t quota);  // so many requests; 0: until stop()
    void stop();
    // Counts what is in flight as unanswered and closes.
    void give_up();

    std::size_t on_bytes(std::span<std::uint8_t> bytes) override;
    void on_closed(const base::Error& why) override { fail(why.message); }

private:
    enum class Stage : std::uint8_t { connecting, logging_in, preparing, ready, running, ended };
    enum class Doing : std::uint8_t { nothing, read, write, prepare_for_read, prepare_for_write };
    struct Slot {
        Doing doing = Doing::nothing;
        std::uint64_t key = 0;
        std::uint64_t sent_ns = 0;
    };

    void step(const cql::Handshake::Event& event, std::size_t& used);
    void prepare(bool is_write, std::uint16_t stream_id);
    void prepared(const cql::FrameView& frame, bool is_write);
    std::size_t take_segment(base::ByteView bytes);
    std::size_t take_frames(base::ByteView bytes);
    void answered(const cql::FrameView& frame);
    void failed_request(const cql::FrameView& frame, std::uint16_t stream_id);
    bool is_right(const cql::FrameView& frame, const Slot& slot) const;
    void send_next(std::uint16_t stream_id);
    void send(std::uint16_t stream_id);
    void flush();
    void fail(const std::string& why);
    void end_if_over();
    void tell_over();
    base::Bytes& out() { return has_segments_ ? envelopes_out_ : stream_->out(); }

    net::Loop& loop_;
    const LoadOptions& options_;
    LoadResult& result_;
    const std::atomic<bool>& is_measuring_;
    std::function<void()> ready_, done_;
    cql::Handshake handshake_;
    std::unique_ptr<net::PendingConnect> pending_;
    std::unique_ptr<net::Stream> stream_;
    Stage stage_ = Stage::connecting;
    bool has_segments_ = false, is_stopped_ = false, is_limited_ = false, is_over_ = false;
    base::Bytes envelopes_in_, envelopes_out_;
    std::array<RequestTemplate, 2> templates_;  // read, write
    std::vector<Slot> slots_;
    std::uint32_t in_flight_ = 0;
    std::uint64_t left_ = 0;    // of the quota
    std::uint64_t serial_ = 0;  // of requests: what they are follows from it
    std::uint64_t random_;
    std::uint64_t now_ns_ = 0;
};

}  // namespace crossfade::bench
