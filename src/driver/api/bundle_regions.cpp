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

base::Task<base::Result<nodes::ClusterOptions>> reach_region(net::Loop& loop, BundleRegion region,
                                                             nodes::ClusterOptions cluster,
                                                             std::chrono::milliseconds timeout, std::stop_token stop) {
    auto metadata = co_await bundle::fetch_metadata(loop, region.metadata_service, region.tls, timeout, stop);
    if (!metadata) co_return base::fail(metadata.error().kind, region.path + ": " + metadata.error().message);
    cluster.sni_proxy = nodes::SniProxy{metadata->sni_proxy, metadata->contact_points};
    cluster.local_datacenter = metadata->local_datacenter;
    cluster.tls = region.tls;
    co_return cluster;
}

}  // namespace crossfade::driver
