// An authority and certificates for tests, made when they are needed, and once: RSA keys take time. For tests only.
#pragma once

#include <gtest/gtest.h>

#include "bundle/authority.hpp"
#include "bundle/bundle.hpp"

namespace crossfade::bundle {

// Noon of a day in 2026.
constexpr std::chrono::sys_seconds test_now{std::chrono::seconds(1'780'056'000)};

template <class T>
T value_of(base::Result<T> result) {
    if (!result) {
        ADD_FAILURE() << result.error().message;
        std::abort();
    }
    return std::move(*result);
}

// Each is made when it is first asked for.
struct TestIdentities {
    static inline const Validity validity = Validity::of_days(test_now, std::chrono::days(100));

    static const Authority& authority() {
        static const Authority one = value_of(Authority::make("Test Root", validity));
        return one;
    }
    static const Authority& other_authority() {
        static const Authority one = value_of(Authority::make("Other Root", validity));
        return one;
    }
    static const CertificateAndKey& server() {
        static const CertificateAndKey one = value_of(authority().issue_server({"localhost", "127.0.0.1"}, validity));
        return one;
    }
    static const CertificateAndKey& client() {
        static const CertificateAndKey one = value_of(authority().issue_client("client", validity));
        return one;
    }
    static const CertificateAndKey& foreign_client() {
        static const CertificateAndKey one = value_of(other_authority().issue_client("foreign", validity));
        return one;
    }
    static const TestIdentities& get() {
        static const TestIdentities one;
        return one;
    }
};

inline Bundle test_bundle() {
    const TestIdentities& identities = TestIdentities::get();
    Bundle bundle;
    bundle.host = "db.example.com";
    bundle.port = 29080;
    bundle.cql_port = 29042;
    bundle.keyspace = "shop";
    bundle.local_datacenter = "dc1";
    bundle.key_store_password = base::Secret<std::string>("keystorepass");
    bundle.trust_store_password = base::Secret<std::string>("truststorepass");
    bundle.pfx_password = base::Secret<std::string>("pfxpass");
    bundle.authority = identities.authority().pem().certificate;
    bundle.certificate = identities.client().certificate;
    bundle.key = identities.client().key;
    return bundle;
}

}  // namespace crossfade::bundle
