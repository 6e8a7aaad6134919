// PEM text (RFC 7468) and the certificates and keys in it. For bundle's own sources only.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "base/secret.hpp"
#include "bundle/openssl_handles.hpp"

namespace crossfade::bundle {

// In all of them `where` begins the error's message: "/…/scb.zip: ca.crt"; errors are bad_input.

// All certificates, in their order; at least one.
base::Result<std::vector<CertificateHandle>> read_certificates(const std::string& where, std::string_view pem);
// The first certificate.
base::Result<CertificateHandle> read_first_certificate(const std::string& where, std::string_view pem);
// The key, which must have no passphrase.
base::Result<KeyHandle> read_key(const std::string& where, const base::Secret<std::string>& pem);

base::Result<CertificateHandle> certificate_of_der(const std::string& where, base::ByteView der);
base::Bytes to_der(const X509* certificate);

std::string to_pem(X509* certificate);
// In the older form that says the algorithm (PKCS#1 "BEGIN RSA PRIVATE KEY" for RSA): old drivers read no other.
base::Secret<std::string> to_pem(EVP_PKEY* key);

}  // namespace crossfade::bundle
