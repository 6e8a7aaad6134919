// Two clusters behind one endpoint: the relay's policy of `crossfade proxy`. One object for each loop.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "cql/request.hpp"
#include "proxy/connected_clients.hpp"
#include "proxy/counters.hpp"
#include "proxy/facts.hpp"
#include "proxy/journal.hpp"
#include "proxy/options.hpp"
#include "proxy/verdict.hpp"
#include "proxy/write_stamps.hpp"
#include "proxy/written_tables.hpp"
#include "relay/arrival.hpp"
#include "relay/engine.hpp"
#include "relay/policy.hpp"

namespace crossfade::proxy {

// Where the migration stands, as one loop knows it.
struct PhaseState {
    std::uint64_t epoch = 0;
    int phase = 1;
    WriteMode write_mode = WriteMode::strict;
    std::size_t primary() const { return phase >= 4 ? target_cluster : origin_cluster; }
    bool operator==(const PhaseState&) const = default;
};

// What all loops share; outlives them. Each member says who may touch it.
struct Shared {
    const Options& options;
    WriteStamps& stamps;                                                                         // any thread
    Journal& journal;                                                                            // any thread
    relay::PreparedRegistry& registry;                                                           // any thread
    std::shared_ptr<WrittenTables> written_tables = std::make_shared<WrittenTables>();           // any thread
    std::shared_ptr<ConnectedClients> connected_clients = std::make_shared<ConnectedClients>();  // any thread
};

class Rehearsal;

// Loop's thread only.
class DualPolicy final : public relay::Policy {
public:
    DualPolicy(Shared& shared, relay::Engine& engine, Counters& counters);
    ~DualPolicy() override;

    void set_facts(FactsPtr facts);
    void set_phase(const PhaseState& phase) {
        phase_ = phase;
        shared_.connected_clients->keep_gone(phase.phase >= 5);
    }
    const PhaseState& phase() const { return phase_; }
    // Holds new conditional writes unsent; `quiet` is called once those in flight have ended.
    // While `primary_changes`, best effort waits for both sides too.
    void hold_conditional_writes(bool primary_changes, std::function<void()> quiet);
    // Lets them go, under the phase that then holds.
    void release_conditional_writes();
    // From now on every new request is answered as "not executed: try another host".
    void drain();

    const std::vector<cql::ProtocolVersion>& versions() const override { return facts_->versions; }
    std::map<std::string, std::vector<std::string>> supported_options() const override;
    std::string authenticator() const override;
    void login(relay::ClientSession& session, nodes::Credentials credentials,
               std::function<void(base::Result<void>)> done) override;
    base::Result<void> on_session_ready(relay::ClientSession& session) override;
    void on_session_closed(relay::ClientSession& session) override;
    void on_request(relay::ClientSession& session, const cql::FrameView& frame) override;
    void on_leg_answered(relay::Request& request, relay::Leg& leg, const relay::Response& response) override;
    void on_leg_lost(relay::Request& request, relay::Leg& leg, const base::Error& why) override;
    bool on_room(relay::Request& request) override;
    void on_deadline(relay::Request& request) override;

private:
    friend class Rehearsal;
    enum class Kind : std::uint8_t { read, write, prepare, use, rehearsal };
    enum class Stage : std::uint8_t { starting, held, marking, waiting, under_way, best_effort, journaling, finished };

    // dual_policy.cpp: what came in, and the errors that end it at once.
    void take_query(relay::Request& request, const relay::Arrival& arrival);
    void take_execute(relay::Request& request, const relay::Arrival& arrival);
    void take_batch(relay::Request& request, const relay::Arrival& arrival);
    void refuse_unprepared(relay::Request& request, base::ByteView id);
    void refuse_unsent(relay::Request& request, std::string_view why);
    bool is_hopeless(const relay::Request& request, std::size_t cluster) const;
    // Forwards a cluster's answer, with what is the proxy's own put in.
    void forward(relay::Request& request, std::size_t cluster, const cql::FrameHeader& header, base::ByteView frame);
    bool answer_locally(relay::Request& request, relay::ClientSession& session, const cql::Statement& statement,
                        std::string_view text, std::string_view session_keyspace);

    // reads.cpp
    void begin_read(relay::Request& request, std::size_t cluster);
    bool send_read(relay::Request& request);
    void read_answered(relay::Request& request, relay::Leg& leg, const relay::Response& response);
    void read_lost(relay::Request& request, relay::Leg& leg, const base::Error& why);
    void begin_use(relay::Request& request, relay::ClientSession& session, std::string keyspace);
    void settle_use(relay::Request& request, bool is_over_time);

    // writes.cpp
    void begin_write(relay::Request& request);
    void mark_then_send(relay::Request& request);
    bool send_write(relay::Request& request);
    void write_answered(relay::Request& request, relay::Leg& leg, const relay::Response& response);
    void settle_write(relay::Request& request, bool is_over_time, bool is_over_wait);
    bool is_best_effort(const relay::Request& request) const;
    std::chrono::milliseconds best_effort_wait(const relay::Request& request) const;
    void best_effort_wait_is_over(relay::Request& request);
    void withdraw_if_settled(relay::Request& request);
    void give_up_late_answers(relay::Request& request);
    void journal_is_late(relay::Request& request);
    void refuse_as_write_timeout(relay::Request& request, std::string_view text);
    void finish_write(relay::Request& request, const Verdict& verdict);
    void journal_then(relay::Request& request, const Verdict& verdict);
    void conditional_write_ended(relay::Request& request);
    WriteState state_of(const relay::Request& request) const;
    JournalEntry entry_of(const relay::Request& request, std::uint8_t sides) const;
    void note_repeatability(relay::Request& request, const cql::Statement& statement, std::string_view keyspace) const;
    bool answers_disagree(const relay::Request& request) const;
    // dual_policy_counts.cpp
    void note_client(const relay::ClientSession& session);
    void note_written_tables(const JournalEntry& entry, bool is_conditional);
    void note_unstamped(const cql::Statement& statement, std::string_view keyspace);
    void note_unstamped_children(const relay::Request& request, const cql::BatchRequest& batch,
                                 std::string_view keyspace);

    // prepares.cpp
    void begin_prepare(relay::Request& request, const relay::Arrival& arrival);
    bool send_prepare(relay::Request& request);
    void settle_prepare(relay::Request& request, bool is_over_time);
    bool legs_have_settled(relay::Request& request, bool is_over_time, std::chrono::milliseconds longest);

    Shared& shared_;
    relay::Engine& engine_;
    Counters& counters_;
    FactsPtr facts_;
    PhaseState phase_;
    bool is_draining_ = false;
    bool is_holding_ = false;
    bool is_switching_primary_ = false;  // a switch is prepared after which the other cluster answers
    std::deque<relay::Request*> held_;
    std::size_t conditional_in_flight_ = 0;
    std::function<void()> quiet_;
    std::unordered_set<std::string> marked_tables_;
    std::vector<relay::Request*> marking_;
    WrittenTablesView written_tables_;
    std::unordered_map<const relay::ClientSession*, ClientKind> client_kinds_;
    std::unique_ptr<Rehearsal> rehearsal_;
    std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace crossfade::proxy
