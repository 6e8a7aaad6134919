// Opens and logs in one connection to a node: TCP, TLS, protocol version, STARTUP, credentials. What is said is decided
// by the handshake machine of cql/handshake.hpp; this moves its bytes.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/result.hpp"
#include "cql/compression.hpp"
#include "cql/protocol.hpp"
#include "net/loop.hpp"
#include "net/stream.hpp"
#include "nodes/cluster_options.hpp"

namespace crossfade::nodes {

struct OpenOptions {
    OpenOptions() = default;  // not an aggregate: safe as a temporary in a coroutine

    net::Address to;
    net::ConnectOptions connect;  // timeout, TLS, SNI of one TCP connection
    Credentials credentials;      // empty: a node that asks for a login is an authentication error
    // Tried in this order; only PROTOCOL_ERROR steps down, with a new connection. Not empty.
    std::vector<cql::ProtocolVersion> versions{cql::ProtocolVersion::v5, cql::ProtocolVersion::v4,
                                               cql::ProtocolVersion::v3};
    // Used when the node supports it (snappy never with v5); `compression` of the result says whether it is.
    cql::Compression compression = cql::Compression::none;
    std::vector<std::pair<std::string, std::string>>
        startup_options;                      // DRIVER_NAME, DRIVER_VERSION, APPLICATION_NAME, …
    std::chrono::milliseconds timeout{5000};  // for everything together, all versions tried
};

// A connection that is ready for requests. Whoever takes the stream start()s it with its new user, or destroys it,
// before `done` returns.
struct OpenedConnection {
    OpenedConnection() = default;

    std::unique_ptr<net::Stream> stream;
    cql::ProtocolVersion version = cql::ProtocolVersion::v4;
    cql::Compression compression = cql::Compression::none;      // of bodies (v3, v4) or of segments (v5)
    std::string peer;                                           // to_text() of the endpoint
    std::map<std::string, std::vector<std::string>> supported;  // the node's answer to OPTIONS
    std::string authenticator;  // the class that the node named when it asked for a login; empty: it asked for none
};

// Destroying it cancels the attempt: `done` is not called.
class PendingOpen {
public:
    virtual ~PendingOpen() = default;
};

using OpenDone = std::function<void(base::Result<OpenedConnection>)>;

// `done` is called once, on the loop's thread, in a later turn; the handle may be destroyed from inside it. Errors name
// the node: connection, timeout, authentication (the server's text and code), protocol (no version in common, or broken
// answers), server.
[[nodiscard]] std::unique_ptr<PendingOpen> open_connection(net::Loop& loop, OpenOptions options, OpenDone done);

}  // namespace crossfade::nodes
