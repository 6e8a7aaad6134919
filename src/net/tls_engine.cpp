#include "net/tls_engine.hpp"

#include <openssl/err.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <array>
#include <cstring>

namespace crossfade::net {

// What OpenSSL reads from and writes to: the views that the engine's caller gave, with no buffer in between.
struct WireBio {
    static TlsEngine& engine_of(BIO* bio) { return *static_cast<TlsEngine*>(BIO_get_data(bio)); }

    static int read(BIO* bio, char* into, int size) {
        TlsEngine& engine = engine_of(bio);
        BIO_clear_retry_flags(bio);
        if (engine.received_ == nullptr || engine.received_->empty()) {
            BIO_set_retry_read(bio);
            return -1;
        }
        const std::size_t count = std::min(engine.received_->size(), static_cast<std::size_t>(size));
        std::memcpy(into, engine.received_->data(), count);
        *engine.received_ = engine.received_->subspan(count);
        return static_cast<int>(count);
    }
    static int write(BIO* bio, const char* from, int size) {
        BIO_clear_retry_flags(bio);
        base::append(*engine_of(bio).wire_, base::bytes_of({from, static_cast<std::size_t>(size)}));
        return size;
    }
    static long control(BIO*, int command, long, void*) { return command == BIO_CTRL_FLUSH ? 1 : 0; }
    static int create(BIO* bio) {
        BIO_set_init(bio, 1);
        return 1;
    }

    static BIO_METHOD* method() {
        static BIO_METHOD* const one = [] {
            BIO_METHOD* const made = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "views");
            BIO_meth_set_read(made, read);
            BIO_meth_set_write(made, write);
            BIO_meth_set_ctrl(made, control);
            BIO_meth_set_create(made, create);
            return made;
        }();
        return one;
    }
};

namespace {

bool is_ip_address(const std::string& host) {
    ASN1_OCTET_STRING* const address = a2i_IPADDRESS(host.c_str());
    ASN1_OCTET_STRING_free(address);
    return address != nullptr;
}

// Points the engine at the caller's bytes for as long as one call takes.
class Lent {
public:
    Lent(base::ByteView*& received, base::Bytes*& wire, base::ByteView* from, base::Bytes& to)
        : received_(received), wire_(wire) {
        ERR_clear_error();
        received_ = from;
        wire_ = &to;
    }
    ~Lent() {
        received_ = nullptr;
        wire_ = nullptr;
    }
    Lent(const Lent&) = delete;
    Lent& operator=(const Lent&) = delete;

private:
    base::ByteView*& received_;
    base::Bytes*& wire_;
};

}  // namespace

TlsEngine::TlsEngine(std::shared_ptr<TlsContext> context, const std::string& server_name,
                     const std::string& verify_name)
    : context_(std::move(context)), ssl_(SSL_new(context_->get())) {
    BIO* const bio = BIO_new(WireBio::method());
    BIO_set_data(bio, this);
    SSL_set_bio(ssl_, bio, bio);
    if (context_->is_server()) {
        SSL_set_accept_state(ssl_);
        return;
    }
    SSL_set_connect_state(ssl_);
    // An IP address is no server name (RFC 6066, section 3).
    // (SSL_set_tlsext_host_name() is a macro with C casts; this is what it stands for.)
    if (!server_name.empty() && !is_ip_address(server_name))
        SSL_ctrl(ssl_, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name, const_cast<char*>(server_name.c_str()));
    if (!context_->verifies_host()) return;
    if (is_ip_address(verify_name)) {
        X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl_), verify_name.c_str());
    } else {
        SSL_set_hostflags(ssl_, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
        SSL_set1_host(ssl_, verify_name.c_str());
    }
}

TlsEngine::~TlsEngine() {
    SSL_free(ssl_);
}

base::Error TlsEngine::error(const char* doing) const {
    std::string text = std::string("TLS ") + doing + " failed: ";
    const long verified = SSL_get_verify_result(ssl_);
    if (verified != X509_V_OK) {
        text += std::string("the peer's certificate is not accepted (") + X509_verify_cert_error_string(verified) + ")";
    } else if (const unsigned long code = ERR_peek_last_error(); code != 0) {
        const char* const reason = ERR_reason_error_string(code);
        text += reason != nullptr ? reason : "unknown reason";
    } else {
        text += "the peer broke the protocol";
    }
    ERR_clear_error();
    return {base::ErrorKind::connection, text};
}

base::Result<void> TlsEngine::handshake(base::ByteView& received, base::Bytes& wire) {
    const Lent lent(received_, wire_, &received, wire);
    const int result = SSL_do_handshake(ssl_);
    if (result == 1) {
        is_open_ = true;
        return {};
    }
    const int why = SSL_get_error(ssl_, result);
    if (why == SSL_ERROR_WANT_READ) return {};
    return base::fail(error("handshake"));
}

base::Result<std::size_t> TlsEngine::read(base::ByteView& received, std::span<std::uint8_t> into, base::Bytes& wire) {
    const Lent lent(received_, wire_, &received, wire);
    std::size_t taken = 0;
    const int result = SSL_read_ex(ssl_, into.data(), into.size(), &taken);
    if (result == 1) return taken;
    const int why = SSL_get_error(ssl_, result);
    if (why == SSL_ERROR_ZERO_RETURN) is_finished_ = true;
    if (why == SSL_ERROR_WANT_READ || why == SSL_ERROR_ZERO_RETURN) return std::size_t{0};
    return base::fail(error("read"));
}

base::Result<void> TlsEngine::write(base::ByteView plain, base::Bytes& wire) {
    const Lent lent(received_, wire_, nullptr, wire);
    while (!plain.empty()) {
        std::size_t taken = 0;
        if (SSL_write_ex(ssl_, plain.data(), plain.size(), &taken) != 1) return base::fail(error("write"));
        plain = plain.subspan(taken);
    }
    return {};
}

void TlsEngine::finish(base::Bytes& wire) {
    const Lent lent(received_, wire_, nullptr, wire);
    if (is_open_) SSL_shutdown(ssl_);
    ERR_clear_error();
}

std::string TlsEngine::server_name() const {
    const char* const name = SSL_get_servername(ssl_, TLSEXT_NAMETYPE_host_name);
    return context_->is_server() && name != nullptr ? name : "";
}

}  // namespace crossfade::net
