// The cluster of a gateway, asked by a command.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "gateway/settings.hpp"
#include "net/stream.hpp"
#include "nodes/cluster_options.hpp"

namespace crossfade::cli {

// The role of the gateway's own connection, its password from the environment; empty where the cluster asks for no
// login. Errors: bad_input, with the variable's name.
base::Result<nodes::Credentials> role_of(const gateway::Settings& settings);

// The datacenters of the cluster, as its nodes tell. `tls` null: plain. Blocks. Errors: bad_configuration, where nodes
// are there and what they want of TLS is something else; as ControlConnection::first_round() otherwise.
base::Result<std::vector<std::string>> datacenters_of(const gateway::Settings& settings, const nodes::Credentials& role,
                                                      const std::shared_ptr<net::TlsContext>& tls);

}  // namespace crossfade::cli
