// A certificate authority of one's own, in memory: what a gateway signs its server's and its clients' certificates
// with.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "base/secret.hpp"

namespace crossfade::bundle {

// PEM both; the key as PKCS#1.
struct CertificateAndKey {
    std::string certificate;
    base::Secret<std::string> key;
};

// From when to when a certificate counts, exactly: a caller who wants to allow for clocks that are behind begins
// earlier.
struct Validity {
    std::chrono::sys_seconds from, until;
    // From an hour before `now` (clocks differ) to `days` after it.
    static Validity of_days(std::chrono::sys_seconds now, std::chrono::days days);
};

struct Revocation {
    std::string serial;  // hexadecimal, as CertificateFacts::serial
    std::chrono::sys_seconds at;
};

// A self-signed root and its key (RSA 2048). Serial numbers are random (127 bits); times come from the caller.
// Immutable; any thread. Errors are bad_input and say which wish cannot be met, unless said otherwise.
class Authority {
public:
    static constexpr std::chrono::days usual_life{3650};

    // A new one. `name`: its common name, at most 64 characters.
    static base::Result<Authority> make(const std::string& name, Validity validity);
    // One that was made before. `where` begins an error's message. Refused: a certificate that may not sign, a key that
    // is not its own.
    static base::Result<Authority> load(const std::string& where, CertificateAndKey pem);
    const CertificateAndKey& pem() const { return pem_; }

    // For a server that is known by these hosts, names (also "*.example.com") or IP addresses; at least one. The first
    // is the common name, all are subjectAltNames: what every driver looks for is there.
    base::Result<CertificateAndKey> issue_server(const std::vector<std::string>& hosts, Validity validity) const;
    // For clients. `name`: the common name, at most 64 characters.
    base::Result<CertificateAndKey> issue_client(const std::string& name, Validity validity) const;

    // The same certificate for another time: subject, key and extensions stay, serial number and dates are new. For
    // rotation while the key is good.
    base::Result<std::string> renew(const std::string& where, const std::string& certificate, Validity validity) const;
    // The root itself, re-signed with its own key: what it signed stays good.
    base::Result<Authority> renewed(Validity validity) const;

    // A CRL (PEM): the certificates that count no more. `number` grows with each list (RFC 5280 5.2.3).
    base::Result<std::string> revoke(const std::vector<Revocation>& revocations, std::int64_t number,
                                     Validity validity) const;

private:
    explicit Authority(CertificateAndKey pem) : pem_(std::move(pem)) {}
    CertificateAndKey pem_;
};

}  // namespace crossfade::bundle
