// What a certificate says, for people who look at it and for code that decides whether it will do.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "base/secret.hpp"

namespace crossfade::bundle {

struct CertificateFacts {
    std::string subject, issuer;  // "CN=client,O=Crossfade"; control characters are escaped
    std::string common_name;      // of the subject; empty: none
    std::string serial;           // hexadecimal, upper case
    std::chrono::sys_seconds not_before, not_after;
    std::vector<std::string> dns_names, addresses;  // it is for these (subjectAltName)
    bool is_authority = false;                      // may sign others
    bool operator==(const CertificateFacts&) const = default;
};

// In all of them `where` begins the error's message and errors are bad_input; of several certificates in a PEM text the
// first one counts, for `authorities` all.

base::Result<CertificateFacts> read_certificate_facts(const std::string& where, std::string_view pem);

// Whole days until it ends; negative once it has ended, 0 on its last day.
std::int64_t days_left(const CertificateFacts& facts, std::chrono::sys_seconds now);

// Whether one of `authorities` signed it. Dates are not looked at.
base::Result<bool> is_signed_by(const std::string& where, std::string_view certificate, std::string_view authorities);
// Whether the key is the certificate's.
base::Result<bool> belongs_to(const std::string& where, const base::Secret<std::string>& key,
                              std::string_view certificate);
// Whether both texts begin with the same certificate.
base::Result<bool> is_same_certificate(const std::string& where, std::string_view one, std::string_view other);

}  // namespace crossfade::bundle
