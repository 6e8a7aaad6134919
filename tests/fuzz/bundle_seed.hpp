// A good bundle to start from.
#pragma once

#include <cstdlib>
#include <iostream>

#include "bundle/authority.hpp"
#include "bundle/bundle.hpp"

namespace crossfade::fuzz {

constexpr std::chrono::sys_seconds seed_time{std::chrono::seconds(1'780'056'000)};

template <class T>
T value_of(base::Result<T> result) {
    if (!result) {
        std::cerr << result.error().message << "\n";
        std::exit(1);
    }
    return std::move(*result);
}

inline std::vector<bundle::ZipEntry> seed_files() {
    const auto validity = bundle::Validity::of_days(seed_time, std::chrono::days(3650));
    const bundle::Authority authority = value_of(bundle::Authority::make("Root", validity));
    const bundle::CertificateAndKey client = value_of(authority.issue_client("client", validity));
    bundle::Bundle bundle;
    bundle.host = "db.example.com";
    bundle.port = 29080;
    bundle.cql_port = 29042;
    bundle.local_datacenter = "dc1";
    bundle.key_store_password = bundle.trust_store_password = bundle.pfx_password = base::Secret<std::string>("x");
    bundle.authority = authority.pem().certificate;
    bundle.certificate = client.certificate;
    bundle.key = client.key;
    return value_of(bundle::make_bundle_files(bundle, seed_time.time_since_epoch().count()));
}

}  // namespace crossfade::fuzz
