// A TCP or TLS byte stream on one loop, made for relaying: the reader sees slices of the read buffer, the writer
// appends to one buffer that leaves in one system call when the turn ends.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "base/secret.hpp"
#include "net/loop.hpp"

namespace crossfade::net {

class TlsContext;

// Who uses a stream. All calls come on the loop's thread, never from inside a call to the stream.
class StreamUser {
public:
    // `bytes` are all that was received and not yet consumed, from the oldest. Gives how many it consumed; the rest is
    // shown again with what comes next. The view (and pointers into it) dies when the call returns; the bytes may be
    // modified in place. May close() or destroy the stream; then the result is ignored.
    virtual std::size_t on_bytes(std::span<std::uint8_t> bytes) = 0;
    // The stream ended: by the peer (kind connection, message tells), or after an error. All bytes that came before
    // were shown. Called once; not after close(). May destroy the stream.
    virtual void on_closed(const base::Error& why) = 0;
    // unsent() has fallen to or below the mark given to notify_when_unsent_below(). May do nothing.
    virtual void on_drained() {}

protected:
    ~StreamUser() = default;
};

class Stream {
public:
    virtual ~Stream() = default;  // closes; no callback follows

    // Starts reading, for `user`, who outlives the stream or closes it. Called again it replaces the user: the new one
    // is shown, in a later turn, what the old one did not consume. Called from inside on_bytes(), what that call says
    // it consumed is gone first.
    virtual void start(StreamUser& user) = 0;
    // Stops and resumes reading (backpressure). While paused nothing is shown, not even an orderly end; a reset is.
    // After resuming, bytes that were received and not consumed are shown again in a later turn, without waiting for
    // more. Idempotent.
    virtual void pause_reading() = 0;
    virtual void resume_reading() = 0;

    // The buffer to append to; call send_soon() after. Never cleared by the caller. Stable until the turn ends. After
    // the stream ended what is appended goes nowhere.
    virtual base::Bytes& out() = 0;
    // Everything in out() leaves when this turn ends, in one write where the kernel takes it.
    virtual void send_soon() = 0;
    // Bytes appended and not yet taken by the kernel (out() included).
    virtual std::size_t unsent() const = 0;
    // One on_drained(), at the end of this turn or of a later one. Asked again before it came, the new mark counts.
    virtual void notify_when_unsent_below(std::size_t mark) = 0;

    // Ends the stream at once, what is unsent is dropped; nothing more is called.
    virtual void close() = 0;
    // Nothing more is called, and nothing is read, but what is in out() when this turn ends still leaves; then the
    // stream closes, at the latest after `within`. The stream may be destroyed meanwhile: the loop sees to the rest.
    virtual void close_after_sending(std::chrono::milliseconds within) = 0;

    virtual std::string peer_address() const = 0;  // "127.0.0.1:45312"
    virtual std::string local_address() const = 0;
    // For TLS: the server name that the client asked for (server side), or empty.
    virtual std::string server_name() const = 0;
    // For TLS: the serial number of the certificate that the peer showed, hexadecimal in upper case; empty: none.
    virtual std::string peer_certificate() const { return {}; }
};

struct Address {
    std::string host;  // name or IP
    std::uint16_t port = 0;
};
// "host:port", "host", "[::1]:9042" with `default_port` where none is given. bad_input otherwise.
base::Result<Address> parse_address(std::string_view text, std::uint16_t default_port);
std::string to_text(const Address& address);
// All IP addresses of a host, in the order that the system prefers; one, for what is an IP address already. Blocks as
// long as the system's resolver does. Errors: connection, with the name.
base::Result<std::vector<Address>> addresses_of(const Address& address);

struct ConnectOptions {
    std::chrono::milliseconds timeout{5000};  // name resolution, TCP and TLS handshake together
    std::shared_ptr<TlsContext> tls;          // null: plain
    std::string server_name;                  // TLS SNI; empty: the host
    std::string
        verify_name;  // TLS: the name the certificate must have; empty: the host; only where the context verifies hosts
};
// Connects; `done` is called once, on the loop's thread, in a later turn. Destroying the returned handle cancels it
// (done is not called).
class PendingConnect {
public:
    virtual ~PendingConnect() = default;
};
using ConnectDone = std::function<void(base::Result<std::unique_ptr<Stream>>)>;
[[nodiscard]] std::unique_ptr<PendingConnect> connect(Loop& loop, const Address& to, const ConnectOptions& options,
                                                      ConnectDone done);

// Accepts on one address; several loops may listen on the same one (SO_REUSEPORT).
class Listener {
public:
    virtual ~Listener() = default;        // stops accepting
    virtual Address address() const = 0;  // with the real port when 0 was asked for
};
// Errors: connection, with the address and the system's reason (not_found where this machine has no such address).
// `tls` null: plain. A client that fails its TLS handshake (10 s) is never shown.
base::Result<std::unique_ptr<Listener>> listen(Loop& loop, const Address& on, std::shared_ptr<TlsContext> tls,
                                               std::function<void(std::unique_ptr<Stream>)> accepted);

// How a listener speaks TLS when that may change while it listens, and when somebody wants to know who failed. Called
// on the loop's thread.
struct TlsListening {
    std::function<std::shared_ptr<TlsContext>()> context;  // for each connection that comes; never null
    // A client did not get through the handshake. Absent: it is logged.
    std::function<void(const std::string& peer, const base::Error& why)> failed{};
    std::chrono::milliseconds handshake_time{10000};
    // Under way at once; when one more comes the oldest is given up: whoever opens connections and says nothing keeps
    // nobody out.
    std::size_t most_handshakes = 4096;
};
base::Result<std::unique_ptr<Listener>> listen(Loop& loop, const Address& on, TlsListening tls,
                                               std::function<void(std::unique_ptr<Stream>)> accepted);

// Certificates and keys of one side, from files or as PEM text (which counts where both are given). Immutable; shared
// between loops.
struct TlsOptions {
    std::string ca_file, certificate_file, key_file;  // PEM paths; empty: none
    bool verify_peer = true;        // client: check the server's chain; server: demand a client certificate
    bool verify_host = true;        // client only
    std::string ca_pem{};           // certificates to trust, as text
    std::string certificate_pem{};  // the own certificate, and what is between it and the root
    base::Secret<std::string> key_pem{};
    std::string revocations_pem{};  // CRLs; given, every peer is looked up in them, and its issuer must have one
    // Server only: whether a client that asks for this server name (empty: for none) is served. Others get the alert
    // unrecognized_name. Any thread. Given, no session is resumed, so that the name is always this connection's own.
    std::function<bool(const std::string& server_name)> accepts_server_name{};
};
base::Result<std::shared_ptr<TlsContext>> make_client_tls(const TlsOptions& options);
base::Result<std::shared_ptr<TlsContext>> make_server_tls(const TlsOptions& options);

}  // namespace crossfade::net
