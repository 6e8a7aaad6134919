// One cluster behind a plain endpoint: the relay's policy of `crossfade connect`. One object for each loop.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "connect/facts.hpp"
#include "connect/options.hpp"
#include "cql/request.hpp"
#include "relay/arrival.hpp"
#include "relay/engine.hpp"
#include "relay/policy.hpp"

namespace crossfade::connect {

// Loop's thread only. `options` outlives it.
class ForwardPolicy final : public relay::Policy {
public:
    ForwardPolicy(const Options& options, relay::Engine& engine);

    void set_facts(FactsPtr facts) { facts_ = std::move(facts); }
    // From now on every new request is answered as "not executed: try another host".
    void drain() { is_draining_ = true; }

    const std::vector<cql::ProtocolVersion>& versions() const override { return facts_->versions; }
    std::map<std::string, std::vector<std::string>> supported_options() const override;
    std::string authenticator() const override;
    void login(relay::ClientSession& session, nodes::Credentials credentials,
               std::function<void(base::Result<void>)> done) override;
    base::Result<void> on_session_ready(relay::ClientSession& session) override;
    void on_session_closed(relay::ClientSession&) override {}
    void on_request(relay::ClientSession& session, const cql::FrameView& frame) override;
    void on_leg_answered(relay::Request& request, relay::Leg& leg, const relay::Response& response) override;
    void on_leg_lost(relay::Request& request, relay::Leg& leg, const base::Error& why) override;
    bool on_room(relay::Request& request) override { return send(request); }
    void on_deadline(relay::Request& request) override;

private:
    enum class Kind : std::uint8_t { read, write, prepare, use };

    // forward_policy.cpp: what comes in.
    void take_query(relay::Request& request, const relay::Arrival& arrival);
    void take_execute(relay::Request& request, const relay::Arrival& arrival);
    void take_batch(relay::Request& request, const relay::Arrival& arrival);
    void take_prepare(relay::Request& request, const relay::Arrival& arrival);
    void begin_use(relay::Request& request, relay::ClientSession& session, std::string keyspace);
    void note(relay::Request& request, const cql::Statement& statement) const;
    std::optional<cql::Consistency> consistency_instead(cql::Consistency asked) const;
    // A graph request, where its user says that those may be repeated.
    bool is_sure_to_repeat(const relay::Arrival& arrival) const;
    bool answer_locally(relay::Request& request, relay::ClientSession& session, const cql::Statement& statement,
                        std::string_view text, std::string_view session_keyspace,
                        const cql::QueryParameters& parameters);

    // forward_answers.cpp: sending, again too, and what goes back.
    void begin(relay::Request& request, Kind kind);
    bool send(relay::Request& request);
    bool is_hopeless(const relay::Request& request) const;
    void forward(relay::Request& request, const relay::Response& response);
    void take_prepared(relay::Request& request, const relay::Response& response);
    void take_keyspace(relay::Request& request, const relay::Response& response);
    void refuse_unprepared(relay::Request& request, base::ByteView id);
    // Not executed: drivers try another host, whatever the statement.
    void refuse_unsent(relay::Request& request, std::string_view why);
    // The outcome is unknown.
    void refuse_as_timeout(relay::Request& request, std::string_view why);

    const Options& options_;
    relay::Engine& engine_;
    FactsPtr facts_;
    bool is_draining_ = false;
};

}  // namespace crossfade::connect
