#include "cli/gateway_cluster.hpp"

#include <algorithm>

#include "cli/secret_file.hpp"
#include "nodes/control_connection.hpp"

namespace crossfade::cli {
namespace {

constexpr std::chrono::milliseconds patience_with_knock{2000};

base::Task<void> find_datacenters(net::Loop& loop, nodes::ControlConnection& cluster,
                                  base::Result<std::vector<std::string>>& found) {
    const base::Result<void> reached = co_await cluster.first_round();
    if (reached)
        found = cluster.topology()->datacenters();
    else
        found = base::fail(reached.error());
    loop.stop();
}

// Whether connections are taken there at all.
bool is_there(const net::Address& node) {
    net::Loop loop;
    bool is_open = false;
    net::ConnectOptions options;
    options.timeout = patience_with_knock;
    const auto pending =
        net::connect(loop, node, options, [&](const base::Result<std::unique_ptr<net::Stream>>& stream) {
            is_open = stream.has_value();
            loop.stop();
        });
    loop.run();
    return is_open;
}

}  // namespace

base::Result<nodes::Credentials> role_of(const gateway::Settings& settings) {
    nodes::Credentials role;
    if (settings.username.empty()) return role;
    const auto password = read_secret_variable(settings.password_variable);
    if (!password) return base::fail(password.error());
    role = {settings.username, password->reveal()};
    return role;
}

base::Result<std::vector<std::string>> datacenters_of(const gateway::Settings& settings, const nodes::Credentials& role,
                                                      const std::shared_ptr<net::TlsContext>& tls) {
    net::Loop loop;
    nodes::ControlOptions options;
    options.cluster.label = "cluster";
    options.cluster.contact_points = settings.cluster;
    options.cluster.credentials = role;
    options.cluster.tls = tls;
    nodes::ControlConnection cluster(loop, std::move(options), {});
    base::Result<std::vector<std::string>> found;
    cluster.start();
    const base::Task<void> task = find_datacenters(loop, cluster, found);
    loop.run();
    // Who takes a connection and ends it in the handshake wants another one: of TLS, of other certificates, or none.
    if (!found && found.error().kind == base::ErrorKind::connection &&
        std::any_of(settings.cluster.begin(), settings.cluster.end(), is_there))
        return base::fail(
            base::ErrorKind::bad_configuration,
            found.error().message +
                (tls == nullptr
                     ? "; a node is there: if the cluster wants TLS, give --cluster-ca with its root, or --cluster-tls"
                     : "; a node is there, so look at its TLS: --cluster-ca has to be the root of its certificate, and "
                       "--cluster-cert what it wants to see"));
    return found;
}

}  // namespace crossfade::cli
