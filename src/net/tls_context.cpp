#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>

#include <array>
#include <memory>

#include "net/tls_engine.hpp"

namespace crossfade::net {
namespace {

// What a message calls that which came as text.
constexpr const char* given_text = "PEM text";

template <class T, void (*release)(T*)>
struct Release {
    void operator()(T* one) const { release(one); }
};
void release_bio(BIO* bio) {
    BIO_free(bio);
}
using Bio = std::unique_ptr<BIO, Release<BIO, release_bio>>;
using Certificate = std::unique_ptr<X509, Release<X509, X509_free>>;
using RevocationList = std::unique_ptr<X509_CRL, Release<X509_CRL, X509_CRL_free>>;
using Key = std::unique_ptr<EVP_PKEY, Release<EVP_PKEY, EVP_PKEY_free>>;

// Reads from `text`, which it does not copy.
Bio bio_of(std::string_view text) {
    return Bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

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

// Whether the text had at least one.
bool trust_text(SSL_CTX* context, const std::string& text, bool is_server) {
    const Bio bio = bio_of(text);
    bool has_one = false;
    while (const Certificate certificate{PEM_read_bio_X509(bio.get(), nullptr, no_passphrase, nullptr)}) {
        if (X509_STORE_add_cert(SSL_CTX_get_cert_store(context), certificate.get()) != 1) return false;
        // Java clients choose their certificate by the names that the server says it trusts.
        if (is_server) SSL_CTX_add_client_CA(context, certificate.get());
        has_one = true;
    }
    if (has_one) ERR_clear_error();  // the end of the text
    return has_one;
}

bool trust_file(SSL_CTX* context, const std::string& file, bool is_server) {
    if (SSL_CTX_load_verify_locations(context, file.c_str(), nullptr) != 1) return false;
    if (is_server) SSL_CTX_set_client_CA_list(context, SSL_load_client_CA_file(file.c_str()));
    return true;
}

base::Result<void> set_revocations(SSL_CTX* context, const std::string& text) {
    if (text.empty()) return {};
    const Bio bio = bio_of(text);
    X509_STORE* const store = SSL_CTX_get_cert_store(context);
    bool has_one = false;
    while (const RevocationList list{PEM_read_bio_X509_CRL(bio.get(), nullptr, no_passphrase, nullptr)})
        has_one = X509_STORE_add_crl(store, list.get()) == 1;
    if (!has_one) return refused("no revocation list can be read from it", given_text);
    ERR_clear_error();
    X509_STORE_set_flags(store, X509_V_FLAG_CRL_CHECK);
    return {};
}

base::Result<void> set_trust(SSL_CTX* context, const TlsOptions& options, bool is_server) {
    if (!options.ca_pem.empty()) {
        if (!trust_text(context, options.ca_pem, is_server))
            return refused("no certificates to trust can be read from it", given_text);
    } else if (!options.ca_file.empty()) {
        if (!trust_file(context, options.ca_file, is_server))
            return refused("no certificates to trust can be read from it", options.ca_file);
    } else if (!is_server) {
        SSL_CTX_set_default_verify_paths(context);
    } else if (options.verify_peer) {
        return base::fail(base::ErrorKind::bad_configuration,
                          "a TLS server that demands client certificates needs the CA that signs them");
    }
    int mode = options.verify_peer ? SSL_VERIFY_PEER : SSL_VERIFY_NONE;
    if (is_server && options.verify_peer) mode |= SSL_VERIFY_FAIL_IF_NO_PEER_CERT;
    SSL_CTX_set_verify(context, mode, nullptr);
    return set_revocations(context, options.revocations_pem);
}

bool use_certificate_text(SSL_CTX* context, const std::string& text) {
    const Bio bio = bio_of(text);
    const Certificate own{PEM_read_bio_X509_AUX(bio.get(), nullptr, no_passphrase, nullptr)};
    if (own == nullptr || SSL_CTX_use_certificate(context, own.get()) != 1) return false;
    while (const Certificate between{PEM_read_bio_X509(bio.get(), nullptr, no_passphrase, nullptr)})
        if (SSL_CTX_ctrl(context, SSL_CTRL_CHAIN_CERT, 1, between.get()) != 1) return false;
    ERR_clear_error();
    return true;
}

bool use_key_text(SSL_CTX* context, const std::string& text) {
    const Bio bio = bio_of(text);
    const Key key{PEM_read_bio_PrivateKey(bio.get(), nullptr, no_passphrase, nullptr)};
    return key != nullptr && SSL_CTX_use_PrivateKey(context, key.get()) == 1;
}

base::Result<void> set_certificate(SSL_CTX* context, const TlsOptions& options, bool is_server) {
    const bool has_text = !options.certificate_pem.empty(), has_file = !options.certificate_file.empty();
    if (has_file != !options.key_file.empty() || has_text != !options.key_pem.reveal().empty())
        return base::fail(base::ErrorKind::bad_configuration,
                          "a TLS certificate and its key are given together or not at all");
    if (!has_file && !has_text) {
        if (!is_server) return {};
        return base::fail(base::ErrorKind::bad_configuration, "a TLS server needs a certificate and its key");
    }
    SSL_CTX_set_default_passwd_cb(context, no_passphrase);
    const std::string certificate = has_text ? given_text : options.certificate_file;
    const std::string key = has_text ? given_text : options.key_file;
    if (!(has_text ? use_certificate_text(context, options.certificate_pem)
                   : SSL_CTX_use_certificate_chain_file(context, certificate.c_str()) == 1))
        return refused("no PEM certificate can be read from it", certificate);
    if (!(has_text ? use_key_text(context, options.key_pem.reveal())
                   : SSL_CTX_use_PrivateKey_file(context, key.c_str(), SSL_FILETYPE_PEM) == 1))
        return refused("it has no unencrypted PEM private key that belongs to " +
                           (has_text ? std::string("the certificate") : certificate),
                       key);
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
    if (is_server && options.accepts_server_name) owner->ask_for_server_names(options.accepts_server_name);
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
