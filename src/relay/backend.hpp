// One logged-in connection to a node of a cluster, shared by many clients: stream ids, framing, batching.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

#include "cql/compression.hpp"
#include "cql/frame.hpp"
#include "cql/segment.hpp"
#include "net/loop.hpp"
#include "net/stream.hpp"
#include "nodes/open_connection.hpp"
#include "relay/stream_ids.hpp"

namespace crossfade::relay {

class Backend;

// A response as it came and as it reads. Valid during the call that shows it.
struct Response {
    cql::FrameHeader header;        // as sent, but never with the compressed flag: `body` is already open
    std::span<std::uint8_t> bytes;  // header and body, not compressed; may be patched in place
    std::span<std::uint8_t> body() const { return bytes.subspan(cql::frame_header_size); }
};

// Who waits for an answer on a backend connection. Exactly one of the two is called for each send(), once, unless
// forget() came first.
class Waiting {
public:
    virtual void on_response(Backend& from, const Response& response) = 0;
    // The connection ended after the request was handed to it: the outcome is unknown.
    virtual void on_lost(Backend& from, const base::Error& why) = 0;

protected:
    ~Waiting() = default;
};

// Whom a backend tells about itself.
class BackendOwner {
public:
    // Room has become free where there was none. In the loop's turn, not from inside send().
    virtual void on_room(Backend& backend) = 0;
    // It ended; everybody who waited was told. The owner destroys it, later in the turn at the earliest.
    virtual void on_ended(Backend& backend, const base::Error& why) = 0;

protected:
    ~BackendOwner() = default;
};

// When a connection is asked whether it still stands, and when it is given up.
struct BackendTimes {
    std::chrono::milliseconds heartbeat_every{30000};   // when nothing was sent for so long
    std::chrono::milliseconds silence{5000};            // or answers are waited for and nothing came for so long
    std::chrono::milliseconds heartbeat_answer{10000};  // and then the connection is given up
};

// Loop's thread only.
class Backend final : public net::StreamUser, public net::TurnEnd {
public:
    // Bytes that may wait for a slow node before the connection counts as full.
    static constexpr std::size_t most_unsent = 4U * 1024U * 1024U;

    Backend(net::Loop& loop, BackendOwner& owner, nodes::OpenedConnection opened, std::string node,
            const BackendTimes& times = {});
    ~Backend();
    Backend(const Backend&) = delete;
    Backend& operator=(const Backend&) = delete;

    // Whether a request (`internal`: one of our own) can be handed over now.
    bool has_room(bool internal) const {
        return !is_ended_ && ids_.has_room(internal) && stream_->unsent() + envelopes_.size() < most_unsent;
    }

    // Takes a stream id for `waiting` and gives the buffer to append exactly one request frame to, with that id; then
    // call sent(). Precondition: has_room().
    std::uint16_t begin_send(Waiting& waiting) { return ids_.take(&waiting); }
    base::Bytes& buffer() { return has_segments_ ? envelopes_ : stream_->out(); }
    void sent();

    // `waiting` no longer cares; its id stays taken until the answer comes, which is then dropped. Past
    // `most_forgotten` the connection is given up: a node that never answers would eat all ids.
    void forget(std::uint16_t stream_id);
    static constexpr std::uint32_t most_forgotten = 1024;

    cql::ProtocolVersion version() const { return version_; }
    const std::string& node() const { return node_; }          // address, as the topology has it
    const std::string& keyspace() const { return keyspace_; }  // that it was USEd to; empty: none
    void set_keyspace(std::string keyspace) { keyspace_ = std::move(keyspace); }
    std::uint32_t in_flight() const { return ids_.in_use(); }
    bool is_ended() const { return is_ended_; }
    // To be called every second. Sends OPTIONS (see BackendTimes), and ends the connection when nothing at all
    // comes back: a connection that a firewall forgot, or whose node lost its power, is closed by nobody else for a
    // quarter of an hour.
    void beat(net::Loop::Clock::time_point now);
    // Ends it: everybody who waits is told.
    void end(const base::Error& why);

    std::size_t on_bytes(std::span<std::uint8_t> bytes) override;
    void on_closed(const base::Error& why) override { end(why); }
    void on_drained() override;
    void turn_ended() override;

private:
    class Heartbeat;
    class Forgotten;

    std::size_t take_frames(std::span<std::uint8_t> bytes);
    void take_frame(std::span<std::uint8_t> bytes, const cql::FrameHeader& header);

    net::Loop& loop_;
    BackendOwner& owner_;
    std::unique_ptr<net::Stream> stream_;
    const cql::ProtocolVersion version_;
    const cql::Compression compression_;
    const bool has_segments_;
    const std::string node_;
    const BackendTimes times_;
    std::string keyspace_;
    StreamIds<Waiting> ids_;
    cql::SegmentDecoder decoder_;
    base::Bytes received_;   // v5: envelopes out of segments, not yet whole
    base::Bytes envelopes_;  // v5: envelopes of this turn, not yet in segments
    base::Bytes opened_;     // scratch: a decompressed frame
    std::unique_ptr<Heartbeat> heartbeat_;
    std::unique_ptr<Forgotten> forgotten_;
    std::uint32_t forgotten_count_ = 0;
    net::Loop::Clock::time_point last_sent_, last_received_, heartbeat_sent_;
    net::Loop::Clock::time_point waited_since_;  // since when something has been under way, without a pause
    bool was_full_ = false;
    bool is_ended_ = false;
};

}  // namespace crossfade::relay
