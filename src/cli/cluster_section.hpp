// crossfade.yaml's `origin` and `target`: how to reach a cluster and log in to it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "cli/keys.hpp"
#include "nodes/cluster_options.hpp"

namespace crossfade::cli {

// As written; finished into nodes::ClusterOptions.
struct ClusterSection {
    std::vector<std::string> contact_points;
    std::string secure_connect_bundle;
    std::uint16_t port = 9042;
    std::string local_datacenter, username, password_file, password_env;
    std::string tls_ca, tls_certificate, tls_key;
    bool tls_verify_host = true;
};

// `side` is "origin" or "target".
void add_cluster_keys(Keys& keys, const std::string& side, ClusterSection& section);
// Checks what belongs together, reads the password and the certificates, or the bundle. Problems and warnings go to the keys; then the
// result is of no use.
nodes::ClusterOptions finish_cluster(Keys& keys, const std::string& side, const ClusterSection& section);

}  // namespace crossfade::cli
