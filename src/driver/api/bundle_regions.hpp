// Secure Connect Bundles as a session uses them: read when the cluster object is built.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "net/stream.hpp"

namespace crossfade::driver {

// One bundle: one datacenter of a cluster, behind its own metadata service.
struct BundleRegion {
    BundleRegion() = default;

    std::string path;
    net::Address metadata_service;
    std::shared_ptr<net::TlsContext> tls;
};

// The bundles at `paths`, in that order. Errors: bad_configuration, with the path.
base::Result<std::vector<BundleRegion>> read_regions(const std::vector<std::string>& paths);

}  // namespace crossfade::driver
