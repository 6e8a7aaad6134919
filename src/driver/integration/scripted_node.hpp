// A node of protocol v4 that does what a test says: for what real nodes do not do on command. It knows its cluster's
// system tables.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "cql/frame.hpp"
#include "cql/response.hpp"
#include "cql/token.hpp"
#include "net/loop.hpp"
#include "net/stream.hpp"

namespace crossfade::driver {

class ScriptedNode;

// One client of a node. Answers go out when the turn ends.
class Client final : public net::StreamUser {
public:
    Client(ScriptedNode& node, std::unique_ptr<net::Stream> stream);
    std::size_t on_bytes(std::span<std::uint8_t> bytes) override;
    void on_closed(const base::Error& why) override;

    base::Bytes& out() { return stream->out(); }
    void answer_void(std::uint16_t id);
    void answer_error(std::uint16_t id, cql::ErrorCode code, base::ByteView unprepared_id = {});
    void send_event(std::string_view type, std::string_view change, const net::Address& about);

    ScriptedNode& node;
    std::unique_ptr<net::Stream> stream;  // null once it is closed
    bool has_registered = false;
};

// What a request was, for the test to decide on.
struct Asked {
    Client& client;
    cql::FrameView frame;
    std::uint16_t id;
    std::string text;         // of QUERY and PREPARE
    base::Bytes prepared_id;  // of EXECUTE
};

class ScriptedNode {
public:
    // Listens at `host`, at `port` or, for 0, at any; with TLS where that is given.
    ScriptedNode(net::Loop& loop, const std::string& host, std::uint16_t port,
                 std::shared_ptr<net::TlsContext> tls = nullptr);

    net::Address address() const { return address_; }
    std::string host_id() const;  // behind a metadata service its server name
    // Nodes of the cluster, this one included: what system.local and system.peers say.
    void set_cluster(std::vector<const ScriptedNode*> nodes) { cluster_ = std::move(nodes); }

    // Called with what is not a system table: QUERY, PREPARE, EXECUTE, BATCH. Default: void, and PREPARED with the text
    // as its id.
    std::function<void(const Asked&)> on_request;
    void answer_by_default(const Asked& asked);
    // One row with one column of ks.t: v text.
    static void answer_row(Client& client, std::uint16_t id, const std::string& value);
    // PREPARED: one marker, k int, which is the partition key of ks.t.
    static void answer_prepared(const Asked& asked, base::ByteView id);

    // Called with each token of a login, when `authenticator` is not empty; answers with AUTH_CHALLENGE, AUTH_SUCCESS
    // or an error.
    std::function<void(const Asked&, base::ByteView token)> on_login;

    // Resets every connection and refuses new ones; and back.
    void go_down();
    void come_back();

    cql::Token token = 0;
    std::string cluster_name = "scripted", datacenter = "dc1", rack = "r1";
    std::string authenticator;   // empty: no login is asked for
    int replication_factor = 1;  // of the keyspace ks
    bool is_silent = false;      // accepts, and never answers anything
    std::uint8_t highest_version = 4;
    std::uint32_t accepted = 0;  // connections so far
    std::uint32_t requests = 0;  // those given to on_request
    std::uint32_t prepares = 0;
    std::vector<std::unique_ptr<Client>> clients;

private:
    friend class Client;
    void take(Client& client, const cql::FrameView& frame);
    void answer_query(const Asked& asked);
    void listen();

    net::Loop& loop_;
    net::Address address_;
    const std::shared_ptr<net::TlsContext> tls_;
    std::unique_ptr<net::Listener> listener_;
    std::vector<const ScriptedNode*> cluster_;
};

}  // namespace crossfade::driver
