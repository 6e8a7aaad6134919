// TLS without I/O: bytes of the wire in, bytes of the application out, and the other way round. For net's own sources
// only.
#pragma once

#include <openssl/ssl.h>

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "net/stream.hpp"

namespace crossfade::net {

class TlsContext {
public:
    TlsContext(SSL_CTX* context, bool is_server, bool verifies_host)
        : context_(context), is_server_(is_server), verifies_host_(verifies_host) {}
    ~TlsContext() { SSL_CTX_free(context_); }
    TlsContext(const TlsContext&) = delete;
    TlsContext& operator=(const TlsContext&) = delete;
    SSL_CTX* get() const { return context_; }
    bool is_server() const { return is_server_; }
    bool verifies_host() const { return verifies_host_; }
    // Before the first connection: see TlsOptions::accepts_server_name.
    void ask_for_server_names(std::function<bool(const std::string&)> accepts);

private:
    static int judge_server_name(SSL* connection, int* alert, void* context);

    SSL_CTX* const context_;
    const bool is_server_, verifies_host_;
    std::function<bool(const std::string&)> accepts_server_name_;
};

// One side of one connection. In every call `received` are bytes from the wire, of which those that were used are taken
// off the front, and what is to be sent is appended to `wire` (also when the call fails: an alert that tells the peer
// why). Errors are of kind connection. Never blocks, never allocates per call by itself.
class TlsEngine {
public:
    // `server_name` (SNI) and `verify_name` matter on the client's side only.
    TlsEngine(std::shared_ptr<TlsContext> context, const std::string& server_name, const std::string& verify_name);
    ~TlsEngine();
    TlsEngine(const TlsEngine&) = delete;
    TlsEngine& operator=(const TlsEngine&) = delete;

    // Goes as far in the handshake as the received bytes allow; a client begins with none. Then look at is_open().
    base::Result<void> handshake(base::ByteView& received, base::Bytes& wire);
    // Decrypts into the room given; 0 when that takes more from the wire than was received. Precondition: is_open().
    base::Result<std::size_t> read(base::ByteView& received, std::span<std::uint8_t> into, base::Bytes& wire);
    // Encrypts all of `plain`, in records as full as can be. Precondition: is_open().
    base::Result<void> write(base::ByteView plain, base::Bytes& wire);
    // Says goodbye.
    void finish(base::Bytes& wire);

    bool is_open() const { return is_open_; }          // the handshake is done
    bool is_finished() const { return is_finished_; }  // the peer said goodbye
    std::string server_name() const;                   // server side: what the client asked for
    std::string peer_certificate() const;              // its serial number, hexadecimal; empty: none was shown

private:
    friend struct WireBio;
    friend class TlsContext;  // refused_name_
    base::Error error(const char* doing) const;
    void answer_plain_text(base::Bytes& wire) const;

    const std::shared_ptr<TlsContext> context_;
    SSL* ssl_ = nullptr;
    base::ByteView* received_ = nullptr;       // during a call
    base::Bytes* wire_ = nullptr;              // during a call
    std::optional<std::string> refused_name_;  // server side: what ended the handshake
    bool is_open_ = false;
    bool is_finished_ = false;
};

}  // namespace crossfade::net
