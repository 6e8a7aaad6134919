#include "net/tls_engine.hpp"

#include <openssl/err.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <array>

namespace crossfade::net {
namespace {

bool is_ip_address(const std::string& host) {
    ASN1_OCTET_STRING* const address = a2i_IPADDRESS(host.c_str());
    ASN1_OCTET_STRING_free(address);
    return address != nullptr;
}

}  // namespace

TlsEngine::TlsEngine(std::shared_ptr<TlsContext> context, const std::string& server_name, const std::string& verify_name)
    : context_(std::move(context)), ssl_(SSL_new(context_->get())), in_(BIO_new(BIO_s_mem())), out_(BIO_new(BIO_s_mem())) {
    SSL_set_bio(ssl_, in_, out_);
    if (context_->is_server()) {
        SSL_set_accept_state(ssl_);
        return;
    }
    SSL_set_connect_state(ssl_);
    if (!server_name.empty() && !is_ip_address(server_name)) {
        // The macro SSL_set_tlsext_host_name, without its C cast; OpenSSL copies the name.
        SSL_ctrl(ssl_, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name, const_cast<char*>(server_name.c_str()));
    }
    if (context_->verifies_host()) {
        if (is_ip_address(verify_name))
            X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl_), verify_name.c_str());
        else
            SSL_set1_host(ssl_, verify_name.c_str());
    }
}

TlsEngine::~TlsEngine() { SSL_free(ssl_); }

base::Error TlsEngine::error(const char* doing) const {
    std::string text = std::string("TLS ") + doing + " failed: ";
    const long verified = SSL_get_verify_result(ssl_);
    if (verified != X509_V_OK) {
        text += std::string("the certificate is not accepted (") + X509_verify_cert_error_string(verified) + ")";
    } else {
        std::array<char, 256> reason{};
        ERR_error_string_n(ERR_get_error(), reason.data(), reason.size());
        text += reason.data();
    }
    ERR_clear_error();
    return {base::ErrorKind::connection, text};
}

void TlsEngine::take_wire(base::Bytes& wire) {
    const std::size_t waiting = BIO_ctrl_pending(out_);
    if (waiting == 0) return;
    const std::size_t start = wire.size();
    wire.resize(start + waiting);
    const int taken = BIO_read(out_, wire.data() + start, static_cast<int>(waiting));
    wire.resize(start + static_cast<std::size_t>(std::max(taken, 0)));
}

base::Result<void> TlsEngine::handshake() {
    const int result = SSL_do_handshake(ssl_);
    if (result == 1) {
        is_open_ = true;
        return {};
    }
    const int why = SSL_get_error(ssl_, result);
    if (why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE) return {};
    return base::fail(error("handshake"));
}

base::Result<void> TlsEngine::begin(base::Bytes& wire) {
    auto result = handshake();
    take_wire(wire);
    return result;
}

base::Result<void> TlsEngine::receive(base::ByteView bytes, base::Bytes& plain, base::Bytes& wire) {
    while (!bytes.empty()) {
        const int taken = BIO_write(in_, bytes.data(), static_cast<int>(std::min<std::size_t>(bytes.size(), 1U << 20U)));
        if (taken <= 0) return base::fail(error("read"));
        bytes = bytes.subspan(static_cast<std::size_t>(taken));
    }
    if (!is_open_) {
        auto result = handshake();
        take_wire(wire);
        if (!result || !is_open_) return result;
    }
    for (;;) {
        const std::size_t start = plain.size();
        plain.resize(start + 16384);
        const int taken = SSL_read(ssl_, plain.data() + start, 16384);
        plain.resize(start + static_cast<std::size_t>(std::max(taken, 0)));
        if (taken > 0) continue;
        const int why = SSL_get_error(ssl_, taken);
        take_wire(wire);
        if (why == SSL_ERROR_ZERO_RETURN) is_finished_ = true;
        if (why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE || why == SSL_ERROR_ZERO_RETURN) return {};
        return base::fail(error("read"));
    }
}

base::Result<void> TlsEngine::send(base::ByteView plain, base::Bytes& wire) {
    while (!plain.empty()) {
        const int taken = SSL_write(ssl_, plain.data(), static_cast<int>(std::min<std::size_t>(plain.size(), 1U << 20U)));
        if (taken <= 0) return base::fail(error("write"));
        plain = plain.subspan(static_cast<std::size_t>(taken));
    }
    take_wire(wire);
    return {};
}

void TlsEngine::finish(base::Bytes& wire) {
    if (is_open_) SSL_shutdown(ssl_);
    ERR_clear_error();
    take_wire(wire);
}

std::string TlsEngine::server_name() const {
    const char* const name = SSL_get_servername(ssl_, TLSEXT_NAMETYPE_host_name);
    return name == nullptr ? "" : name;
}

}  // namespace crossfade::net
