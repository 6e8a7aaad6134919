#include "bundle/pem.hpp"

#include <algorithm>

namespace crossfade::bundle {
namespace {

constexpr std::size_t most_certificates = 50;

}  // namespace

base::Result<std::vector<CertificateHandle>> read_certificates(const std::string& where, std::string_view pem) {
    ERR_clear_error();
    const BioHandle bio = bio_of(pem);
    std::vector<CertificateHandle> certificates;
    while (CertificateHandle one{PEM_read_bio_X509(bio.get(), nullptr, no_passphrase, nullptr)}) {
        certificates.push_back(std::move(one));
        if (certificates.size() > most_certificates)
            return base::fail(base::ErrorKind::bad_input,
                              where + ": it has more than " + std::to_string(most_certificates) + " certificates");
    }
    // At the end of the text the reader says that no line starts another one.
    const bool is_end = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
    const std::string reason = openssl_reason();
    if (!is_end || certificates.empty())
        return base::fail(base::ErrorKind::bad_input, where + ": it is no PEM certificate (" + reason + ")");
    return certificates;
}

base::Result<CertificateHandle> read_first_certificate(const std::string& where, std::string_view pem) {
    auto all = read_certificates(where, pem);
    if (!all) return base::fail(all.error());
    return std::move(all->front());
}

base::Result<KeyHandle> read_key(const std::string& where, const base::Secret<std::string>& pem) {
    ERR_clear_error();
    const BioHandle bio = bio_of(pem.reveal());
    KeyHandle key(PEM_read_bio_PrivateKey(bio.get(), nullptr, no_passphrase, nullptr));
    const std::string reason = openssl_reason();
    if (key == nullptr)
        return base::fail(base::ErrorKind::bad_input,
                          where + ": it is no PEM private key without a passphrase (" + reason + ")");
    return key;
}

base::Result<CertificateHandle> certificate_of_der(const std::string& where, base::ByteView der) {
    const unsigned char* at = der.data();
    CertificateHandle certificate(d2i_X509(nullptr, &at, static_cast<long>(der.size())));
    const std::string reason = openssl_reason();
    if (certificate == nullptr || at != der.data() + der.size())
        return base::fail(base::ErrorKind::bad_input, where + ": a certificate in it is broken (" + reason + ")");
    return certificate;
}

base::Bytes to_der(const X509* certificate) {
    base::Bytes der(static_cast<std::size_t>(std::max(0, i2d_X509(certificate, nullptr))));
    unsigned char* at = der.data();
    i2d_X509(certificate, &at);
    return der;
}

std::string to_pem(X509* certificate) {
    const BioHandle bio = memory_bio();
    PEM_write_bio_X509(bio.get(), certificate);
    return text_of(bio.get());
}

base::Secret<std::string> to_pem(EVP_PKEY* key) {
    const BioHandle bio = memory_bio();
    PEM_write_bio_PrivateKey_traditional(bio.get(), key, nullptr, nullptr, 0, nullptr, nullptr);
    return base::Secret<std::string>(text_of(bio.get()));
}

}  // namespace crossfade::bundle
