// Java's own key store format, JKS version 1 and 2 (sun.security.provider.JavaKeyStore): magic, entries, and a SHA-1
// over the password and everything before it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "base/secret.hpp"

namespace crossfade::bundle {

struct JksTrust {
    std::string alias;
    base::Bytes certificate;  // DER
};
struct JksIdentity {
    std::string alias;
    base::Bytes sealed_key;                 // EncryptedPrivateKeyInfo; open_jks_key() opens it
    std::vector<base::Bytes> certificates;  // DER; the key's own first
};
struct JksStore {
    std::vector<JksTrust> trusted;
    std::vector<JksIdentity> identities;
};

// Whether it begins as a JKS does.
bool is_jks(base::ByteView bytes);

// Reads a store and proves it with its password. No length in it is believed before it is checked. Errors: bad_input,
// with `where` in front ("/…/scb.zip: trustStore.jks").
base::Result<JksStore> read_jks(const std::string& where, base::ByteView bytes,
                                const base::Secret<std::string>& password);

// A store that trusts these, each dated `now` (seconds since 1970). Java demands aliases in lower case; each is there
// once.
base::Bytes write_jks_trust(const std::vector<JksTrust>& trusted, const base::Secret<std::string>& password,
                            std::int64_t now);

// The key of an identity as PEM. Errors: bad_input; the key's password is nearly always the store's.
base::Result<base::Secret<std::string>> open_jks_key(const std::string& where, const JksIdentity& identity,
                                                     const base::Secret<std::string>& password);

}  // namespace crossfade::bundle
