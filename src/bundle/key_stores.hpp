// The key stores of a bundle, whichever format they have: JKS, or PKCS#12 under a JKS name, which Java opens all the
// same.
#pragma once

#include <cstdint>
#include <string>

#include "bundle/jks.hpp"
#include "bundle/pkcs12.hpp"

namespace crossfade::bundle {

// In all of them `where` begins the error's message; errors are bad_input.

// The first key of identity.jks or cert.pfx, and its certificates.
base::Result<Identity> read_identity_store(const std::string& where, base::ByteView bytes,
                                           const base::Secret<std::string>& password);

// The certificates that trustStore.jks trusts, as PEM; at least one.
base::Result<std::string> read_trust_store(const std::string& where, base::ByteView bytes,
                                           const base::Secret<std::string>& password);
// A JKS that trusts all certificates of a PEM text, dated `now` (seconds since 1970).
base::Result<base::Bytes> write_trust_store(const std::string& where, const std::string& authorities,
                                            const base::Secret<std::string>& password, std::int64_t now);

}  // namespace crossfade::bundle
