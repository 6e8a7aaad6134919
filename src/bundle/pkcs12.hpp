// PKCS#12 key stores (RFC 7292): cert.pfx for .NET, and identity.jks, which Java opens as "JKS" whichever of the two it
// is.
#pragma once

#include <string>
#include <vector>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "base/secret.hpp"

namespace crossfade::bundle {

// A key and its certificates, as PEM; the key's own certificate first.
struct Identity {
    std::string certificates;
    base::Secret<std::string> key;
};

// A store that everything opens: 3DES and SHA-1, as JDK 8, .NET on every system and OpenSSL 1 know them. (What AES
// would add, the password beside it in config.json takes away.) Errors: bad_input, with `where` in front, when key and
// certificate are broken or do not belong together.
base::Result<base::Bytes> write_pkcs12(const std::string& where, const Identity& identity,
                                       const base::Secret<std::string>& password);

// Opens one. Iteration counts that would take minutes are refused. Errors: bad_input, with `where` in front.
base::Result<Identity> read_pkcs12(const std::string& where, base::ByteView bytes,
                                   const base::Secret<std::string>& password);

// The certificates of one, as PEM, for a trust store; may be none.
base::Result<std::string> read_pkcs12_certificates(const std::string& where, base::ByteView bytes,
                                                   const base::Secret<std::string>& password);

}  // namespace crossfade::bundle
