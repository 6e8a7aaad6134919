// The relay of one loop: its client sessions, its pools, its requests. Knows how to send, wait, prepare again and
// answer; asks the policy for everything else.
#pragma once

#include <array>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/timing_wheel.hpp"
#include "relay/client_session.hpp"
#include "relay/policy.hpp"
#include "relay/pool.hpp"
#include "relay/prepared.hpp"
#include "relay/request.hpp"
#include "relay/schema_agreement.hpp"

namespace crossfade::relay {

struct EngineOptions {
    std::array<PoolOptions, clusters> pools;
    SessionLimits session_limits;
    std::size_t prepared_cache = 100000;
    bool prepares_ahead = false;  // on a node that comes (back), what clients have prepared
};

// Loop's thread only.
class Engine final : public PoolOwner, public PrepareOwner {
public:
    Engine(net::Loop& loop, EngineOptions options, PreparedRegistry& registry);
    ~Engine();
    Engine(const Engine&) = delete;
    Engine& operator=(const Engine&) = delete;
    // Before the first session; the policy outlives the engine.
    void set_policy(Policy& policy) { policy_ = &policy; }

    void accept(std::unique_ptr<net::Stream> stream);
    void set_topology(std::size_t cluster, std::shared_ptr<const nodes::Topology> topology,
                      std::string local_datacenter);
    // The pool for a key, made when there is none. The caller counts itself in pool.users.
    Pool& pool_for(const PoolKey& key);
    // Logs one connection in under the key's credentials: proves them; the connection then serves the pool.
    void login(const PoolKey& key, std::function<void(base::Result<void>)> done);

    // A request of `client` (nullptr: of nobody). It lives until it is answered, its legs are over and nobody holds it.
    Request& open_request(ClientSession* client, const cql::FrameHeader& header);
    // Whether a connection for the request in that cluster has room now; remembers it for send().
    bool has_room(Request& request, std::size_t cluster);
    // The connection that it found, to compare.
    const Backend* found(std::size_t cluster) const { return found_[cluster]; }
    // Hands the request to the connection that has_room() found. Precondition: has_room() gave true in this call of the
    // policy.
    void send(Request& request, std::size_t cluster);
    // Policy::on_room() is called when there may be room; the request keeps its place in its client's order.
    // `clusters_mask`: bit i for cluster i; those who wait for the same clusters do not overtake one another.
    void wait_for_room(Request& request, std::uint8_t clusters_mask);
    void stop_waiting(Request& request);
    bool is_waiting(const Request& request) const { return request.queued_for_ != 0; }
    // Forgets a leg that is sent: its late answer is dropped.
    void forget(Leg& leg);
    // The one answer to the client; later ones are dropped. `frame` is a whole uncompressed response frame.
    void answer(Request& request, base::ByteView frame);
    void answer_error(Request& request, const cql::ErrorMessage& error);
    void answer_error(Request& request, cql::ErrorCode code, std::string_view text);
    // Calls Policy::on_deadline() once, `after` from now.
    void set_deadline(Request& request, std::chrono::milliseconds after);
    // To be called when something that held the request let go (request.held was lowered).
    void release_if_over(Request& request);

    void broadcast_event(EventKind kind, const std::function<void(cql::ProtocolVersion, base::Bytes&)>& encode);
    net::Loop& loop() { return loop_; }
    net::Loop::Clock::time_point loop_now() const { return loop_.now(); }
    Policy& policy() { return *policy_; }
    PreparedCache& prepared() { return prepared_; }
    void session_ended(ClientSession& session);
    std::size_t session_count() const { return sessions_.size(); }
    std::size_t requests_in_flight() const { return open_requests_; }
    void for_each_session(const std::function<void(const ClientSession&)>& visit) const;
    // `visit` must not open requests.
    void for_each_open_request(const std::function<void(Request&)>& visit);
    void for_each_pool(const std::function<void(const Pool&)>& visit) const;
    void on_pool_room(Pool& pool) override;
    void on_pool_connected(Pool& pool, Backend& backend, bool node_is_back) override;
    void on_prepared(PrepareInFlight& prepare, Backend& from, const Response& response) override;
    void on_prepare_lost(PrepareInFlight& prepare, const base::Error& why) override;

private:
    friend class Leg;
    friend class Request;
    struct PendingLogin;

    void tick();
    void tick_wheel();
    void serve_waiting();
    void leg_answered(Leg& leg, Backend& from, const Response& response);
    void leg_lost(Leg& leg, const base::Error& why);
    void send_on(Leg& leg, Backend& backend);
    bool prepare_again(Leg& leg, Backend& from, const Response& response);
    void prepare_first(Leg& leg, Backend& backend, const PreparedPtr& statement);
    void prepare_ahead(const Pool& pool, Backend& backend);
    void wait_to_send(Leg& leg);
    void answer_with(Leg& leg, const Response& response);
    bool has_to_agree(const Leg& leg, const Response& response) const;
    void answer_when_agreed(Leg& leg, const Backend& from, const Response& response);
    void append_for(const Request& request, std::size_t cluster, std::uint16_t stream_id, base::Bytes& out) const;

    net::Loop& loop_;
    const EngineOptions options_;
    Policy* policy_ = nullptr;
    PreparedCache prepared_;
    base::TimingWheel wheel_;
    net::Timer wheel_timer_;
    net::Timer second_;
    std::unordered_map<PoolKey, std::unique_ptr<Pool>, PoolKeyHash> pools_;
    struct Known {
        std::shared_ptr<const nodes::Topology> topology;
        std::string local_datacenter;
    };
    std::array<Known, clusters> known_;
    std::unordered_map<ClientSession*, std::unique_ptr<ClientSession>> sessions_;
    std::vector<std::unique_ptr<ClientSession>> ended_sessions_;
    std::vector<std::unique_ptr<PendingLogin>> logins_;
    std::vector<std::unique_ptr<Request>> requests_;
    std::vector<Request*> free_requests_;
    // Answers to schema changes, kept back until the nodes agree.
    struct ToAgree {
        Leg* leg;
        cql::FrameHeader header;
        base::Bytes answer;
        std::unique_ptr<SchemaAgreement> agreement;
    };
    std::vector<std::unique_ptr<ToAgree>> to_agree_;
    std::size_t open_requests_ = 0;
    // Those who wait for room, a queue for each client, served round robin.
    struct Queue {
        ClientSession* client;
        std::uint8_t clusters_mask;
        std::deque<Request*> requests;
    };
    std::vector<Queue> waiting_;
    PreparesInFlight prepares_{*this};
    std::vector<Leg*>
        waiting_legs_;  // to be prepared, or sent after that, when a connection with the right keyspace has room
    bool serve_is_posted_ = false;
    std::array<Backend*, clusters> found_{};
    std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace crossfade::relay
