// One client request on its way: its bytes, where it was sent, what came back. Pooled by the engine, so that a request
// in steady state allocates nothing.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <vector>

#include "base/timing_wheel.hpp"
#include "cql/frame.hpp"
#include "cql/token.hpp"
#include "relay/backend.hpp"
#include "relay/pool.hpp"
#include "relay/prepared.hpp"
#include "relay/prepares_in_flight.hpp"

namespace crossfade::relay {

class ClientSession;
class Engine;
class Request;

// What of a request goes to one cluster.
class Leg final : public Waiting {
public:
    enum class State : std::uint8_t {
        idle,      // not to be sent there, or not yet
        waiting,   // wants to go; nothing has room, or its statement is being prepared
        sent,      // handed to a connection; the outcome is unknown until it is answered
        answered,  // `answer` (or what the policy took from it) is there
        lost,      // was sent and the connection ended: the outcome stays unknown
    };

    State state = State::idle;
    std::uint8_t attempts = 0;   // times it was sent, without those that were answered with UNPREPARED
    std::uint8_t prepares = 0;   // times it was prepared again under way
    bool may_have_run = false;   // a connection ended with it, or it was given up: the cluster may have executed it
    bool is_error = false;       // answered with ERROR
    cql::FrameHeader header;     // of the answer
    base::Bytes answer;          // the answer's frame, where the policy kept it
    Backend* backend = nullptr;  // while sent
    std::uint16_t stream_id = 0;
    const Backend* last = nullptr;  // that it was handed to last; it may be gone: to compare only

    bool is_over() const { return state == State::answered || state == State::lost || state == State::idle; }
    Request& request() const { return *request_; }
    std::size_t cluster() const { return cluster_; }

    void on_response(Backend& from, const Response& response) override;
    void on_lost(Backend& from, const base::Error& why) override;

private:
    friend class Request;
    friend class Engine;
    Request* request_ = nullptr;
    std::size_t cluster_ = 0;
    PrepareInFlight* prepare_ = nullptr;  // that it waits for, at this place
    std::size_t prepare_place_ = 0;
    PreparedPtr to_prepare_;  // first, when a connection that it can be prepared on has room
};

class Request final : public base::WheelEntry {
public:
    Request(Engine& engine) : engine_(engine) {  // NOLINT(google-explicit-constructor): made by the engine alone
        for (std::size_t i = 0; i < clusters; ++i) {
            legs[i].request_ = this;
            legs[i].cluster_ = i;
        }
    }

    ClientSession* client = nullptr;  // nullptr: it has gone; the request is finished all the same
    std::uint16_t client_stream = 0;
    bool is_later_page = false;  // its paging state goes on with an earlier answer
    bool is_answered = false;    // the client has its one answer (or has gone)
    std::uint8_t held = 0;       // things outside that still need it (the journal): it is not reused before 0
    cql::Opcode opcode = cql::Opcode::query;
    cql::ProtocolVersion version = cql::ProtocolVersion::v4;
    net::Loop::Clock::time_point started, deadline;
    std::size_t counted_bytes = 0;  // against the client's budget

    // The request frame as it goes out: not compressed, stamped, keyspace added. Ids of prepared statements are put in
    // for each cluster.
    base::Bytes frame;
    std::size_t ids_offset = 0, ids_size = 0;  // EXECUTE: where the ids stand in `frame`
    PreparedId client_metadata_id{};           // EXECUTE, v5: what the client sent
    std::vector<PreparedPtr> prepared;         // EXECUTE: one; BATCH: of each prepared child, in order
    std::array<Leg, clusters> legs;
    std::array<Pool*, clusters> pools{};  // of its client; they outlive it (counted by the engine)
    Wish wish;                            // its keyspace view points into `keyspace`
    std::string keyspace;                 // v3/v4: that an unqualified statement is to run in

    // What the policy knows of it; the engine does not look.
    struct PolicyState {
        std::uint8_t kind = 0, stage = 0, primary = 0, clusters = 0;
        bool is_conditional = false, is_repeatable = true, is_counter = false, is_logged_batch = false,
             is_batch = false, is_counted = false, goes_alone = false, is_best_effort = false, is_of_schema = false;
        std::int64_t timestamp = 0;
        std::uint64_t journal_id = 0;
        std::vector<cql::TableName> tables;
    } policy;

    bool is_over() const { return legs[0].is_over() && legs[1].is_over(); }

private:
    friend class Engine;
    friend class Leg;
    void on_expired() override;
    void reset();
    Engine& engine_;
    bool is_free_ = true;
    std::uint8_t queued_for_ = 0;  // clusters whose room it waits for; 0: it does not wait
};

}  // namespace crossfade::relay
