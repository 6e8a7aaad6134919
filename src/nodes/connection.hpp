// One logged-in connection that is ours alone: requests out, answers in, heartbeats. Used by the control connection and
// the driver.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

#include "base/result.hpp"
#include "cql/frame.hpp"
#include "cql/segment.hpp"
#include "net/loop.hpp"
#include "net/stream.hpp"
#include "nodes/open_connection.hpp"
#include "nodes/stream_table.hpp"

namespace crossfade::nodes {

class Connection;

// A response frame. Valid during the call that shows it.
struct Answer {
    cql::FrameHeader header;  // as sent
    base::ByteView message;   // the body, decompressed, behind tracing id, warnings and custom payload
    cql::BodyPrefix prefix;   // these three
};

// Who waits for an answer. Exactly one of the two is called for each send(), once, unless forget() came first. May
// send, forget and close.
class AnswerWaiter {
public:
    virtual void on_answer(Connection& from, const Answer& answer) = 0;
    // The connection ended after the request was handed to it: the outcome is unknown.
    virtual void on_lost(Connection& from, const base::Error& why) = 0;

protected:
    ~AnswerWaiter() = default;
};

class ConnectionOwner {
public:
    // There is room where send() found none, or left none. Not from inside send().
    virtual void on_room(Connection& connection) = 0;
    // It ended by itself; everybody who waited was told. Not called after close().
    virtual void on_ended(Connection& connection, const base::Error& why) = 0;
    // An EVENT of those registered for.
    virtual void on_event(Connection&, const Answer&) {}

protected:
    ~ConnectionOwner() = default;
};

// Loop's thread only. The owner outlives it or calls close().
class Connection final : public net::StreamUser, public net::TurnEnd, public std::enable_shared_from_this<Connection> {
public:
    static constexpr std::chrono::seconds heartbeat_every{30};      // when nothing was received for so long
    static constexpr std::chrono::seconds heartbeat_answer{10};     // and then the connection is given up
    static constexpr std::size_t most_unsent = 4U * 1024U * 1024U;  // bytes that may wait for a slow node
    static constexpr std::uint32_t most_orphans = 1024;             // a node that never answers would eat all ids

    // `stream` of `opened` must not be null.
    static std::shared_ptr<Connection> start(net::Loop& loop, ConnectionOwner& owner, OpenedConnection opened);
    ~Connection();
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;

    bool has_room() const {
        return !is_ended_ && !is_given_up_ && streams_.has_room() &&
               stream_->unsent() + envelopes_.size() < most_unsent;
    }
    // Sends `frame`, a whole request frame of version() that is not compressed, with an id of its own in place of the
    // one written in it. Gives that id. Copied before it returns. Precondition: has_room().
    std::uint16_t send(AnswerWaiter& waiter, base::ByteView frame);
    // The waiter of `stream_id` cares no more; the id stays taken until its answer comes. Past most_orphans the
    // connection is given up, in a later turn.
    void forget(std::uint16_t stream_id);
    // Tells the owner (on_room) when there is room again.
    void notify_room();
    // Ends it: those who wait are told (on_lost), the owner is not.
    void close(const base::Error& why);

    bool is_ended() const { return is_ended_; }
    std::uint32_t in_flight() const { return streams_.in_use(); }
    cql::ProtocolVersion version() const { return opened_.version; }
    const std::string& peer() const { return opened_.peer; }
    const std::map<std::string, std::vector<std::string>>& supported() const { return opened_.supported; }
    const std::string& authenticator() const { return opened_.authenticator; }

    std::size_t on_bytes(std::span<std::uint8_t> bytes) override;
    void on_closed(const base::Error& why) override;
    void on_drained() override;
    void turn_ended() override;

private:
    class Heartbeat;

    Connection(net::Loop& loop, ConnectionOwner& owner, OpenedConnection opened);
    void end(const base::Error& why, bool tell_owner);
    std::size_t take_frames(base::ByteView bytes);
    void take_frame(const cql::FrameView& frame);
    bool take_segments(base::ByteView bytes, std::size_t& used);
    void append_compressed(base::ByteView frame, std::uint16_t id);
    void beat();
    void tell_room();

    net::Loop& loop_;
    ConnectionOwner* owner_;   // null once closed: it may be gone
    OpenedConnection opened_;  // without its stream
    std::unique_ptr<net::Stream> stream_;
    const bool has_segments_;
    StreamTable<AnswerWaiter> streams_;
    cql::SegmentDecoder decoder_;
    base::Bytes received_;      // v5: envelopes out of segments, from the first that is not whole
    base::Bytes envelopes_;     // v5: envelopes of this turn, not yet in segments
    base::Bytes decompressed_;  // scratch
    net::Timer beat_timer_;
    std::unique_ptr<Heartbeat> heartbeat_;
    bool has_received_ = false;  // since the last beat
    bool wants_room_ = false;    // somebody waits for room
    bool is_given_up_ = false;   // ends in a later turn
    bool is_ended_ = false;
};

}  // namespace crossfade::nodes
