#include "driver/api/bundle_regions.hpp"

#include "bundle/bundle.hpp"
#include "bundle/metadata_client.hpp"

namespace crossfade::driver {

base::Result<std::vector<BundleRegion>> read_regions(const std::vector<std::string>& paths) {
    std::vector<BundleRegion> regions;
    for (const std::string& path : paths) {
        const auto bundle = bundle::read_bundle(path);
        if (!bundle) return base::fail(base::ErrorKind::bad_configuration, bundle.error().message);
        auto tls = bundle::make_bundle_tls(*bundle);
        if (!tls) return base::fail(base::ErrorKind::bad_configuration, path + ": " + tls.error().message);
        BundleRegion& region = regions.emplace_back();
        region.path = path;
        region.metadata_service = {bundle->host, bundle->port};
        region.tls = std::move(*tls);
    }
    return regions;
}

}  // namespace crossfade::driver
