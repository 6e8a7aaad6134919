#include <openssl/err.h>
#include <openssl/ssl.h>

#include <array>

#include "net/tls_engine.hpp"

namespace crossfade::net {
namespace {

tl::unexpected<base::Error> refused(const std::string& what, const std::string& file) {
    std::array<char, 256> reason{};
    ERR_error_string_n(ERR_get_error(), reason.data(), reason.size());
    ERR_clear_error();
    return base::fail(base::ErrorKind::bad_configuration, file + ": " + what + " (" + reason.data() + ")");
}

// A key that needs a passphrase is refused: nobody is there to type it.
int no_passphrase(char*, int, int, void*) {
    return 0;
}

base::Result<void> set_trust(SSL_CTX* context, const TlsOptions& options, bool is_server) {
    if (!options.ca_file.empty()) {
        if (SSL_CTX_load_verify_locations(context, options.ca_file.c_str(), nullptr) != 1)
            return refused("no certificates to trust can be read from it", options.ca_file);
        // Java clients choose their certificate by the names that the server says it trusts.
        if (is_server) SSL_CTX_set_client_CA_list(context, SSL_load_client_CA_file(options.ca_file.c_str()));
    } else if (!is_server) {
        SSL_CTX_set_default_verify_paths(context);
    } else if (options.verify_peer) {
        return base::fail(base::ErrorKind::bad_configuration,
                          "a TLS server that demands client certificates needs the CA that signs them");
    }
    int mode = options.verify_peer ? SSL_VERIFY_PEER : SSL_VERIFY_NONE;
    if (is_server && options.verify_peer) mode |= SSL_VERIFY_FAIL_IF_NO_PEER_CERT;
    SSL_CTX_set_verify(context, mode, nullptr);
    return {};
}

base::Result<void> set_certificate(SSL_CTX* context, const TlsOptions& options, bool is_server) {
    if (options.certificate_file.empty() != options.key_file.empty())
        return base::fail(base::ErrorKind::bad_configuration,
                          "a TLS certificate and its key are given together or not at all");
    if (options.certificate_file.empty()) {
        if (!is_server) return {};
        return base::fail(base::ErrorKind::bad_configuration, "a TLS server needs a certificate and its key");
    }
    SSL_CTX_set_default_passwd_cb(context, no_passphrase);
    if (SSL_CTX_use_certificate_chain_file(context, options.certificate_file.c_str()) != 1)
        return refused("no PEM certificate can be read from it", options.certificate_file);
    if (SSL_CTX_use_PrivateKey_file(context, options.key_file.c_str(), SSL_FILETYPE_PEM) != 1)
        return refused("it has no unencrypted PEM private key that belongs to " + options.certificate_file,
                       options.key_file);
    return {};
}

base::Result<std::shared_ptr<TlsContext>> make(const TlsOptions& options, bool is_server) {
    ERR_clear_error();
    SSL_CTX* const context = SSL_CTX_new(is_server ? TLS_server_method() : TLS_client_method());
    if (context == nullptr) return base::fail(base::ErrorKind::internal, "OpenSSL gives no TLS context");
    auto owner =
        std::make_shared<TlsContext>(context, is_server, !is_server && options.verify_peer && options.verify_host);
    SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
    SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
    // Without it a client that comes back with a session would be refused where client certificates are demanded.
    static constexpr unsigned char session_context[] = "crossfade";
    if (is_server) SSL_CTX_set_session_id_context(context, session_context, sizeof session_context - 1);
    if (auto trusted = set_trust(context, options, is_server); !trusted) return base::fail(trusted.error());
    if (auto shown = set_certificate(context, options, is_server); !shown) return base::fail(shown.error());
    return owner;
}

}  // namespace

base::Result<std::shared_ptr<TlsContext>> make_client_tls(const TlsOptions& options) {
    return make(options, false);
}
base::Result<std::shared_ptr<TlsContext>> make_server_tls(const TlsOptions& options) {
    return make(options, true);
}

}  // namespace crossfade::net
