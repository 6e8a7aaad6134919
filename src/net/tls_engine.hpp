// TLS without I/O: bytes of the wire in, bytes of the application out, and the other way round. For net's own sources only.
#pragma once

#include <openssl/ssl.h>

#include <memory>
#include <string>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "net/stream.hpp"

namespace crossfade::net {

class TlsContext {
public:
    TlsContext(SSL_CTX* context, bool is_server, bool verifies_host) : context_(context), is_server_(is_server), verifies_host_(verifies_host) {}
    ~TlsContext() { SSL_CTX_free(context_); }
    TlsContext(const TlsContext&) = delete;
    TlsContext& operator=(const TlsContext&) = delete;
    SSL_CTX* get() const { return context_; }
    bool is_server() const { return is_server_; }
    bool verifies_host() const { return verifies_host_; }

private:
    SSL_CTX* const context_;
    const bool is_server_, verifies_host_;
};

class TlsEngine {
public:
    // `server_name` (SNI) and `verify_name` matter on the client's side only.
    TlsEngine(std::shared_ptr<TlsContext> context, const std::string& server_name, const std::string& verify_name);
    ~TlsEngine();
    TlsEngine(const TlsEngine&) = delete;
    TlsEngine& operator=(const TlsEngine&) = delete;

    // Takes bytes from the wire; appends what they decrypt to `plain` and what is to be sent to `wire`.
    base::Result<void> receive(base::ByteView bytes, base::Bytes& plain, base::Bytes& wire);
    // Encrypts; appends to `wire`. Precondition: is_open().
    base::Result<void> send(base::ByteView plain, base::Bytes& wire);
    // The client's first message.
    base::Result<void> begin(base::Bytes& wire);
    // Appends close_notify.
    void finish(base::Bytes& wire);

    bool is_open() const { return is_open_; }      // the handshake is done
    bool is_finished() const { return is_finished_; }  // the peer said goodbye
    std::string server_name() const;               // server side: what the client asked for

private:
    base::Result<void> handshake();
    void take_wire(base::Bytes& wire);
    base::Error error(const char* doing) const;

    const std::shared_ptr<TlsContext> context_;
    SSL* ssl_ = nullptr;
    BIO* in_ = nullptr;
    BIO* out_ = nullptr;
    bool is_open_ = false;
    bool is_finished_ = false;
};

}  // namespace crossfade::net
