// What a product decides for the relay: who may come in, where a request goes, which answer wins. One object for each
// loop; all calls come on its thread.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "cql/frame.hpp"
#include "nodes/cluster_options.hpp"
#include "relay/request.hpp"

namespace crossfade::relay {

class Policy {
public:
    virtual ~Policy() = default;

    // The protocol versions offered to clients, highest first.
    virtual const std::vector<cql::ProtocolVersion>& versions() const = 0;
    // The answer to OPTIONS.
    virtual std::map<std::string, std::vector<std::string>> supported_options() const = 0;
    // The authenticator's class name to announce, or empty where clients need no login.
    virtual std::string authenticator() const = 0;
    // Proves what a client sent. `done` is called once, later or at once; not after on_session_closed(). An error
    // becomes the client's AUTHENTICATION_ERROR.
    virtual void login(ClientSession& session, nodes::Credentials credentials,
                       std::function<void(base::Result<void>)> done) = 0;
    // The session may send requests from now on: give it its pools (ClientSession::set_pool). An error ends it.
    virtual base::Result<void> on_session_ready(ClientSession& session) = 0;
    virtual void on_session_closed(ClientSession& session) = 0;

    // One request frame of a session that is ready: QUERY, PREPARE, EXECUTE or BATCH, not compressed. Must lead to
    // exactly one answer.
    virtual void on_request(ClientSession& session, const cql::FrameView& frame) = 0;
    // A leg was answered (state answered, `response` valid during the call) or lost (state lost).
    virtual void on_leg_answered(Request& request, Leg& leg, const Response& response) = 0;
    virtual void on_leg_lost(Request& request, Leg& leg, const base::Error& why) = 0;
    // There may be room now for a request that waits: try again. Gives whether it waits no more.
    virtual bool on_room(Request& request) = 0;
    // The time set by Engine::set_deadline() has passed.
    virtual void on_deadline(Request& request) = 0;
};

}  // namespace crossfade::relay
