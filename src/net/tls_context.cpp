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

base::Result<std::shared_ptr<TlsContext>> make(const TlsOptions& options, bool is_server) {
    SSL_CTX* const context = SSL_CTX_new(is_server ? TLS_server_method() : TLS_client_method());
    auto owner = std::make_shared<TlsContext>(context, is_server, !is_server && options.verify_peer && options.verify_host);
    SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
    SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    if (!options.ca_file.empty()) {
        if (SSL_CTX_load_verify_locations(context, options.ca_file.c_str(), nullptr) != 1)
            return refused("no certificates to trust can be read from it", options.ca_file);
    } else if (!is_server) {
        SSL_CTX_set_default_verify_paths(context);
    }
    if (options.certificate_file.empty() != options.key_file.empty())
        return base::fail(base::ErrorKind::bad_configuration, "a TLS certificate and its key are given together or not at all");
    if (!options.certificate_file.empty()) {
        if (SSL_CTX_use_certificate_chain_file(context, options.certificate_file.c_str()) != 1)
            return refused("no PEM certificate can be read from it", options.certificate_file);
        if (SSL_CTX_use_PrivateKey_file(context, options.key_file.c_str(), SSL_FILETYPE_PEM) != 1)
            return refused("no PEM private key can be read from it", options.key_file);
        if (SSL_CTX_check_private_key(context) != 1) return refused("the key does not belong to the certificate", options.key_file);
    } else if (is_server) {
        return base::fail(base::ErrorKind::bad_configuration, "a TLS server needs a certificate and its key");
    }
    int mode = SSL_VERIFY_NONE;
    if (is_server && options.verify_peer) mode = SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT;
    if (!is_server && options.verify_peer) mode = SSL_VERIFY_PEER;
    SSL_CTX_set_verify(context, mode, nullptr);
    return owner;
}

}  // namespace

base::Result<std::shared_ptr<TlsContext>> make_client_tls(const TlsOptions& options) { return make(options, false); }
base::Result<std::shared_ptr<TlsContext>> make_server_tls(const TlsOptions& options) { return make(options, true); }

}  // namespace crossfade::net
