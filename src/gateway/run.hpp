// Runs a gateway until it is told to stop.
#pragma once

#include "base/secret.hpp"
#include "gateway/folder.hpp"
#include "gateway/settings.hpp"
#include "nodes/cluster_options.hpp"

namespace crossfade::gateway {

// `credentials`: of the gateway's own connection to the cluster. Until SIGTERM or SIGINT; then new
// requests are not read, and those under way are answered, within 5 s. Gives the exit code: 0; 20 when some were not
// answered; 30 when it could not start.
int run(const Folder& folder, const Settings& settings, const nodes::Credentials& credentials);

// Where it listens: what is configured, or all addresses of its hosts. Errors: connection, when a host is not known.
base::Result<std::vector<std::string>> listening_hosts(const Settings& settings);

}  // namespace crossfade::gateway
