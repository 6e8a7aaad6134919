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

void TlsContext::ask_for_server_names(std::function<bool(const std::string&)> accepts) {
    accepts_server_name_ = std::move(accepts);
    // (The macros for these two have C casts.)
    SSL_CTX_callback_ctrl(context_, SSL_CTRL_SET_TLSEXT_SERVERNAME_CB, reinterpret_cast<void (*)()>(judge_server_name));
    SSL_CTX_ctrl(context_, SSL_CTRL_SET_TLSEXT_SERVERNAME_ARG, 0, this);
    // TLS 1.2 takes the name of a resumed session from the session, whatever this ClientHello says.
    SSL_CTX_set_options(context_, SSL_OP_NO_TICKET);
    SSL_CTX_ctrl(context_, SSL_CTRL_SET_SESS_CACHE_MODE, SSL_SESS_CACHE_OFF, nullptr);
    SSL_CTX_set_num_tickets(context_, 0);
}

int TlsContext::judge_server_name(SSL* connection, int* alert, void* context) {
    const char* const given = SSL_get_servername(connection, TLSEXT_NAMETYPE_host_name);
    const std::string name = given == nullptr ? "" : given;
    if (static_cast<TlsContext*>(context)->accepts_server_name_(name)) return SSL_TLSEXT_ERR_OK;
    WireBio::engine_of(SSL_get_rbio(connection)).refused_name_ = name;
    *alert = SSL_AD_UNRECOGNIZED_NAME;
    return SSL_TLSEXT_ERR_ALERT_FATAL;
}

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
    if (refused_name_) {
        text += "nobody has the server name '" + *refused_name_ + "' here";
    } else if (verified != X509_V_OK) {
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
    answer_plain_text(wire);
    return base::fail(error("handshake"));
}

// OpenSSL says nothing to a client that does not speak TLS at all. One that speaks HTTP is told in HTTP; the others get
// an alert, which tells those who meant another port what they have found.
void TlsEngine::answer_plain_text(base::Bytes& wire) const {
    if (!context_->is_server()) return;
    constexpr std::string_view body = "this port speaks TLS; ask it with https\n";
    const int reason = ERR_GET_REASON(ERR_peek_last_error());
    if (reason == SSL_R_HTTP_REQUEST || reason == SSL_R_HTTPS_PROXY_REQUEST) {
        base::append(wire, base::bytes_of("HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\nContent-Length: " +
                                          std::to_string(body.size()) + "\r\nConnection: close\r\n\r\n"));
        base::append(wire, base::bytes_of(body));
    } else if (reason == SSL_R_WRONG_VERSION_NUMBER && wire.empty()) {
        constexpr std::array<std::uint8_t, 7> unexpected_message{0x15, 0x03, 0x03, 0x00, 0x02, 0x02, 0x0A};
        base::append(wire, unexpected_message);
    }
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

std::string TlsEngine::peer_certificate() const {
    const X509* const certificate = SSL_get0_peer_certificate(ssl_);
    if (certificate == nullptr) return {};
    BIGNUM* const number = ASN1_INTEGER_to_BN(X509_get0_serialNumber(certificate), nullptr);
    char* const text = BN_bn2hex(number);
    const std::string serial = text == nullptr ? "" : text;
    OPENSSL_free(text);
    BN_free(number);
    return serial;
}

std::string TlsEngine::server_name() const {
    const char* const name = SSL_get_servername(ssl_, TLSEXT_NAMETYPE_host_name);
    return context_->is_server() && name != nullptr ? name : "";
}

}  // namespace crossfade::net
