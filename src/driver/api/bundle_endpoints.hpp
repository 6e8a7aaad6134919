// The one place where bundles become what a session connects with.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "net/stream.hpp"

namespace crossfade::driver {

struct BundleEndpoints {
    BundleEndpoints() = default;

    std::vector<net::Address> contact_points;
    std::string local_datacenter;
    std::shared_ptr<net::TlsContext> tls;
};

// Opens the bundles at `paths` (regions, in failover order). Errors: bad_configuration, with the path.
base::Result<BundleEndpoints> open_bundles(const std::vector<std::string>& paths);

}  // namespace crossfade::driver
