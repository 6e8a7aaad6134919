// Secure Connect Bundles as a session uses them: read when the cluster object is built, asked where the nodes are when
// a session connects.
#pragma once

#include <chrono>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "base/task.hpp"
#include "net/stream.hpp"
#include "nodes/cluster_options.hpp"

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

// Fills in where the region's nodes are, its datacenter and its certificates, as the metadata service says now. Loop's
// thread; `loop` outlives it. Errors: those of bundle::fetch_metadata(), with the path; `stop` as there.
base::Task<base::Result<nodes::ClusterOptions>> reach_region(net::Loop& loop, BundleRegion region,
                                                             nodes::ClusterOptions cluster,
                                                             std::chrono::milliseconds timeout, std::stop_token stop);

}  // namespace crossfade::driver
