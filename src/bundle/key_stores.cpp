#include "bundle/key_stores.hpp"

#include "bundle/pem.hpp"

namespace crossfade::bundle {

base::Result<Identity> read_identity_store(const std::string& where, base::ByteView bytes,
                                           const base::Secret<std::string>& password) {
    if (!is_jks(bytes)) return read_pkcs12(where, bytes, password);
    const auto store = read_jks(where, bytes, password);
    if (!store) return base::fail(store.error());
    if (store->identities.empty() || store->identities.front().certificates.empty())
        return base::fail(base::ErrorKind::bad_input, where + ": it has no key with a certificate");
    auto key = open_jks_key(where, store->identities.front(), password);
    if (!key) return base::fail(key.error());
    Identity identity;
    identity.key = std::move(*key);
    for (const base::Bytes& der : store->identities.front().certificates) {
        const auto certificate = certificate_of_der(where, der);
        if (!certificate) return base::fail(certificate.error());
        identity.certificates += to_pem(certificate->get());
    }
    return identity;
}

namespace {

base::Result<std::string> certificates_of(const std::string& where, base::ByteView bytes,
                                          const base::Secret<std::string>& password) {
    if (!is_jks(bytes)) return read_pkcs12_certificates(where, bytes, password);
    const auto store = read_jks(where, bytes, password);
    if (!store) return base::fail(store.error());
    std::string pem;
    for (const JksTrust& trusted : store->trusted) {
        const auto certificate = certificate_of_der(where, trusted.certificate);
        if (!certificate) return base::fail(certificate.error());
        pem += to_pem(certificate->get());
    }
    return pem;
}

}  // namespace

base::Result<std::string> read_trust_store(const std::string& where, base::ByteView bytes,
                                           const base::Secret<std::string>& password) {
    auto pem = certificates_of(where, bytes, password);
    if (pem && pem->empty()) return base::fail(base::ErrorKind::bad_input, where + ": it trusts no certificate");
    return pem;
}

base::Result<base::Bytes> write_trust_store(const std::string& where, const std::string& authorities,
                                            const base::Secret<std::string>& password, std::int64_t now) {
    const auto certificates = read_certificates(where, authorities);
    if (!certificates) return base::fail(certificates.error());
    std::vector<JksTrust> trusted;
    for (const CertificateHandle& certificate : *certificates) {
        const std::string number = trusted.empty() ? "" : "-" + std::to_string(trusted.size() + 1);
        trusted.push_back({"ca" + number, to_der(certificate.get())});
    }
    return write_jks_trust(trusted, password, now);
}

}  // namespace crossfade::bundle
