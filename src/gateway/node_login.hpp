// A client's own connection to a node: connected when the client starts up, logged in under its token's role when that
// is known.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>

#include "cql/handshake.hpp"
#include "net/loop.hpp"
#include "net/stream.hpp"

namespace crossfade::gateway {

// Loop's thread only. Destroying it cancels; no callback follows. It must not be destroyed inside its callbacks, but in
// a later turn.
class NodeLogin final : public net::StreamUser {
public:
    // `tls` null: plain.
    NodeLogin(net::Loop& loop, net::Address node, std::shared_ptr<net::TlsContext> tls,
              std::chrono::milliseconds patience);
    ~NodeLogin();
    NodeLogin(const NodeLogin&) = delete;
    NodeLogin& operator=(const NodeLogin&) = delete;

    // Connects, with TLS as far as the handshake. Errors: connection, timeout.
    void connect(std::function<void(base::Result<void>)> done);
    // Once, after connect() has succeeded: starts up and logs in; connects again where the node has let go meanwhile.
    // The stream is between two messages, and must be start()ed before `done` returns. Errors: as cql::Handshake.
    struct LoggedIn {
        std::unique_ptr<net::Stream> stream;
        cql::Compression compression;
    };
    void log_in(cql::HandshakeOptions options, std::function<void(base::Result<LoggedIn>)> done);
    const net::Address& node() const { return node_; }

    std::size_t on_bytes(std::span<std::uint8_t> bytes) override;
    void on_closed(const base::Error& why) override;

private:
    void take(cql::HandshakeAction action);
    void finish(base::Result<LoggedIn> result);
    void connect_again();

    net::Loop& loop_;
    const net::Address node_;
    const std::shared_ptr<net::TlsContext> tls_;
    const std::chrono::milliseconds patience_;
    net::Timer timer_;
    std::unique_ptr<net::PendingConnect> connecting_;
    std::unique_ptr<net::Stream> stream_;
    std::optional<cql::Handshake> handshake_;
    std::function<void(base::Result<LoggedIn>)> done_;
};

}  // namespace crossfade::gateway
