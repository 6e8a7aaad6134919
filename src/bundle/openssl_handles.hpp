// Owners of OpenSSL's objects, and its reasons in words. For bundle's own sources only.
#pragma once

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <openssl/x509.h>

#include <memory>
#include <string>
#include <string_view>

#include "base/bytes.hpp"

namespace crossfade::bundle {

template <auto release>
struct Released {
    template <class T>
    void operator()(T* one) const {
        release(one);
    }
};

using BioHandle = std::unique_ptr<BIO, Released<BIO_free>>;
using CertificateHandle = std::unique_ptr<X509, Released<X509_free>>;
using KeyHandle = std::unique_ptr<EVP_PKEY, Released<EVP_PKEY_free>>;
using RevocationListHandle = std::unique_ptr<X509_CRL, Released<X509_CRL_free>>;
using Pkcs12Handle = std::unique_ptr<PKCS12, Released<PKCS12_free>>;

// Reads from `text`, which it does not copy.
inline BioHandle bio_of(std::string_view text) {
    return BioHandle(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

inline BioHandle memory_bio() {
    return BioHandle(BIO_new(BIO_s_mem()));
}

// What was written to it.
inline std::string text_of(BIO* bio) {
    char* data = nullptr;
    const long size = BIO_ctrl(bio, BIO_CTRL_INFO, 0, &data);
    return {data, static_cast<std::size_t>(size)};
}

// Why the last call failed; forgets it.
inline std::string openssl_reason() {
    const unsigned long code = ERR_peek_last_error();
    const char* const reason = code == 0 ? nullptr : ERR_reason_error_string(code);
    ERR_clear_error();
    return reason == nullptr ? "unknown reason" : reason;
}

// For readers of PEM: a key that needs a passphrase is refused, nobody is there to type it.
inline int no_passphrase(char*, int, int, void*) {
    return 0;
}

}  // namespace crossfade::bundle
