// TLS from the gateway to the nodes of its cluster.
#pragma once

#include <memory>

#include "base/result.hpp"
#include "gateway/folder.hpp"
#include "gateway/settings.hpp"
#include "net/stream.hpp"

namespace crossfade::gateway {

// As the settings ask for it; null: plain. Errors: bad_configuration, with the file that will not do.
base::Result<std::shared_ptr<net::TlsContext>> make_cluster_tls(const Folder& folder, const Settings& settings);

// Copies the files that the settings name into the folder, which is there already, and makes the settings name the
// copies: they move with it, and nobody else can read them. Errors: bad_configuration and internal, with the path.
base::Result<void> keep_cluster_files(const Folder& folder, Settings& settings);

}  // namespace crossfade::gateway
