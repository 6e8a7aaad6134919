// What a gateway is: the file gateway.json that `crossfade gateway init` writes and a user may edit.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "gateway/folder.hpp"
#include "net/stream.hpp"

namespace crossfade::gateway {

// ASCII letters in lower case: names of hosts and host ids are compared so.
std::string lower_case(std::string_view text);

enum class Guardrails : std::uint8_t { off, astra };
std::string_view name_of(Guardrails guardrails);
// "off" or "astra". Errors: bad_input.
base::Result<Guardrails> guardrails_named(std::string_view name);

// How the nodes are spoken to.
struct ClusterTls {
    ClusterTls() = default;

    bool is_on = false;
    // PEM files, relative to the gateway's folder unless they are absolute. `ca` empty: what the system trusts.
    std::string ca, certificate, key;
    bool verifies_host = true;  // a node's certificate has to name its address
};

struct Settings {
    Settings() = default;

    std::string name;
    std::vector<net::Address> cluster;  // contact points
    ClusterTls cluster_tls;
    std::vector<std::string> hosts;  // names by which clients know the gateway; the first one is the certificate's
    std::uint16_t cql_port = 29042, metadata_port = 29080;
    std::vector<std::string> bind;  // addresses to listen on; empty: all that the hosts have
    Guardrails guardrails = Guardrails::off;
    std::string username, password_variable;  // of the gateway's own connection to the cluster; empty: no login
    unsigned threads = 0;                     // that serve clients; 0: one for each core

    // The host that a client means, whatever the case of its letters; empty: none of ours.
    std::string host_named(std::string_view text) const;
};

// What is wrong with them, one sentence each.
std::vector<std::string> problems(const Settings& settings);

std::string to_json(const Settings& settings);
// Errors: bad_configuration, with `where` and the field. Unknown fields are errors.
base::Result<Settings> parse_settings(const std::string& where, std::string_view json);
base::Result<Settings> read_settings(const Folder& folder);

}  // namespace crossfade::gateway
