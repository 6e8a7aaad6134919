// A Secure Connect Bundle as the way to a cluster: for crossfade.yaml's clusters and for `crossfade connect`.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/bytes.hpp"
#include "net/stream.hpp"
#include "nodes/cluster_options.hpp"

namespace crossfade::cli {

struct ClusterBundle {
    net::Address metadata_service;
    std::shared_ptr<net::TlsContext> tls;
    nodes::Credentials credentials;  // that very old bundles have in them; mostly none
    // One sentence each, fit to be printed. With problems the rest is of no use.
    std::vector<std::string> problems, warnings;
};

// Opens the bundle and looks at what a connection needs of it: a certificate that has ended is a problem, one that ends
// soon a warning.
ClusterBundle open_cluster_bundle(const std::string& path);
// The same of one that was fetched. `where` names it in messages.
ClusterBundle open_cluster_bundle(const std::string& where, base::ByteView archive);

}  // namespace crossfade::cli
