// One client connection: its handshake, its frames in and answers out, its budgets. What its requests mean is the
// policy's.
#pragma once

#include <array>
#include <bitset>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "cql/compression.hpp"
#include "cql/response.hpp"
#include "cql/segment.hpp"
#include "net/loop.hpp"
#include "net/stream.hpp"
#include "nodes/cluster_options.hpp"
#include "relay/prepared.hpp"

namespace crossfade::relay {

class Engine;
class Pool;
class Request;

enum class EventKind : std::uint8_t { topology_change = 1, status_change = 2, schema_change = 4 };

struct SessionLimits {
    std::size_t request_bytes = 16U * 1024U * 1024U;  // of requests without an answer
    std::size_t answer_bytes = 16U * 1024U * 1024U;   // of answers not yet taken
};

// Loop's thread only. Destroyed by the engine, never inside its own calls.
class ClientSession final : public net::StreamUser, public net::TurnEnd {
public:
    ClientSession(Engine& engine, std::unique_ptr<net::Stream> stream, SessionLimits limits);
    ~ClientSession();
    ClientSession(const ClientSession&) = delete;
    ClientSession& operator=(const ClientSession&) = delete;

    // Sends one whole, uncompressed response frame (any number of them must not be mixed: one call, one frame) as the
    // answer to `stream_id`, which becomes free. The frame's version byte and stream id are patched on the way.
    void answer(std::uint16_t stream_id, base::ByteView frame);
    // The same for an error; `stream_id` becomes free.
    void answer_error(std::uint16_t stream_id, const cql::ErrorMessage& error);
    // Sends an EVENT frame (stream id -1) that was encoded for this session's version, when it registered for that
    // kind.
    void send_event(EventKind kind, base::ByteView frame);
    // The bytes of a request that is in flight, added when it came and taken back when it is answered.
    void count_request(std::size_t bytes);
    void uncount_request(std::size_t bytes);
    // Ends it after what was answered has left, at most 5 s.
    void end();

    cql::ProtocolVersion version() const { return version_; }
    cql::Compression compression() const { return compression_; }
    const std::string& keyspace() const { return keyspace_; }
    void set_keyspace(std::string keyspace) { keyspace_ = std::move(keyspace); }
    const nodes::Credentials& credentials() const { return credentials_; }
    Pool* pool(std::size_t cluster) const { return pools_[cluster]; }
    void set_pool(std::size_t cluster, Pool* pool) { pools_[cluster] = pool; }
    bool is_ready() const { return stage_ == Stage::ready; }
    bool is_ended() const { return stage_ == Stage::ended; }
    std::uint32_t in_flight() const { return in_flight_; }
    const std::string& peer() const { return peer_; }
    // STARTUP option, or empty.
    std::string startup_option(const std::string& name) const;
    // The local IP address that the client connected to, without the port.
    std::string local_host() const;
    Engine& engine() const { return engine_; }

    std::size_t on_bytes(std::span<std::uint8_t> bytes) override;
    void on_closed(const base::Error& why) override;
    void on_drained() override;
    void turn_ended() override;

private:
    enum class Stage : std::uint8_t { fresh, authenticating, ready, ending, ended };

    std::size_t take_frames(std::span<std::uint8_t> bytes);
    void take_frame(std::span<std::uint8_t> bytes, const cql::FrameHeader& header);
    void take_ready_frame(std::span<std::uint8_t> bytes, const cql::FrameHeader& header);
    void take_startup(const cql::FrameHeader& header, base::ByteView body);
    void take_credentials(const cql::FrameHeader& header, base::ByteView body);
    void take_register(const cql::FrameHeader& header, base::ByteView body);
    void logged_in(std::uint16_t stream_id, const base::Result<void>& result);
    void become_ready(std::uint16_t stream_id, bool after_login);
    // Answers with PROTOCOL_ERROR and ends the connection.
    void refuse(const cql::FrameHeader& header, std::string_view why);
    bool refuse_version(const cql::FrameHeader& header);
    void append_answer(std::uint16_t stream_id, base::ByteView frame);
    base::Bytes& buffer() { return has_segments_ ? envelopes_ : stream_->out(); }
    void appended();
    void pause_if_over();
    void resume_if_under();

    Engine& engine_;
    std::unique_ptr<net::Stream> stream_;
    const SessionLimits limits_;
    const std::string peer_;
    Stage stage_ = Stage::fresh;
    bool login_is_running_ = false;
    cql::ProtocolVersion version_ = cql::ProtocolVersion::v4;
    cql::Compression compression_ = cql::Compression::none;
    bool has_segments_ = false;
    bool is_paused_ = false;
    bool is_in_bytes_ = false;
    std::vector<std::pair<std::string, std::string>> startup_options_;
    std::string authenticator_;
    nodes::Credentials credentials_;
    std::string keyspace_;
    std::array<Pool*, clusters> pools_{};
    std::uint8_t events_ = 0;
    std::uint32_t in_flight_ = 0;
    std::size_t request_bytes_ = 0;
    std::vector<bool> used_streams_;  // grows to the highest stream id seen
    std::unique_ptr<cql::SegmentDecoder> decoder_;
    base::Bytes received_, envelopes_, opened_;
    std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);  // for login's completion
};

}  // namespace crossfade::relay
