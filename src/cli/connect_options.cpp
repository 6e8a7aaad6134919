#include "cli/connect_options.hpp"

#include <arpa/inet.h>

#include <algorithm>

#include "bundle/zip_archive.hpp"
#include "cli/connect_source.hpp"
#include "cli/text_table.hpp"
#include "connect/client_users.hpp"

namespace crossfade::cli {
namespace {

constexpr std::size_t largest_users_file = 1U << 20U;
constexpr std::chrono::milliseconds longest_answer{10000}, shortest_answer{1000};

bool is_ip(const std::string& host) {
    in6_addr ignored{};
    return inet_pton(AF_INET, host.c_str(), &ignored) == 1 || inet_pton(AF_INET6, host.c_str(), &ignored) == 1;
}

class Maker {
public:
    Maker(const ConnectSettings& settings, ConnectSettingTable& table) : settings_(settings), table_(table) {}

    ConnectOptionsResult make() {
        take_plain_values();
        check_times();
        take_source(settings_, table_, result_);
        take_cluster_tls();
        take_versions();
        take_endpoint();
        take_shown();
        return std::move(result_);
    }

private:
    connect::Options& options() { return result_.options; }
    bool has(const char* name) const { return table_.is_given(name); }
    void warn(std::string text) { result_.warnings.push_back(std::move(text)); }

    void take_plain_values() {
        options().bind = settings_.bind;
        if (settings_.health_check) options().health = settings_.http_bind;
        options().readiness_timeout = settings_.readiness_timeout;
        options().request_timeout = settings_.request_timeout;
        options().cluster.metadata_timeout = settings_.astra_timeout;
        options().connections_per_node = settings_.num_conns;
        options().threads = settings_.threads;
        options().repeats_graph = settings_.idempotent_graph;
        options().unsupported_write_consistencies = settings_.unsupported_write_consistencies;
        options().write_consistency = settings_.write_consistency;
        options().cluster.label = "cluster";
        options().cluster.connect_timeout = settings_.connect_timeout;
        options().cluster.local_datacenter = settings_.local_datacenter;
        const auto& unsupported = settings_.unsupported_write_consistencies;
        if (std::ranges::find(unsupported, settings_.write_consistency) != unsupported.end())
            table_.problem("unsupported-write-consistency-override",
                           std::string(cql::name_of(settings_.write_consistency)) +
                               " is one of the unsupported levels itself; give another");
        const auto override_level = settings_.write_consistency;
        if (override_level == cql::Consistency::serial || override_level == cql::Consistency::local_serial)
            table_.problem("unsupported-write-consistency-override",
                           std::string(cql::name_of(override_level)) + " is no level for writes; give another");
    }

    void check_times() {
        if (settings_.heartbeat_interval >= settings_.idle_timeout) {
            table_.problem(has("idle-timeout") ? "idle-timeout" : "heartbeat-interval",
                           "idle-timeout has to be longer than heartbeat-interval");
            return;
        }
        options().times.heartbeat_every = settings_.heartbeat_interval;
        options().times.heartbeat_answer =
            std::clamp(settings_.idle_timeout - settings_.heartbeat_interval, shortest_answer, longest_answer);
    }

    void take_cluster_tls() {
        const bool wants_tls = settings_.cluster_tls || !settings_.cluster_ca_file.empty() ||
                               !settings_.cluster_cert_file.empty() || !settings_.cluster_key_file.empty();
        if (!wants_tls) return;
        const char* name = !settings_.cluster_ca_file.empty() ? "cluster-ca-file" : "cluster-tls";
        if (options().cluster.metadata_service) {
            warn("a bundle brings its own certificates: --cluster-tls and the --cluster-…-file flags are not used");
            return;
        }
        if (settings_.cluster_cert_file.empty() != settings_.cluster_key_file.empty()) {
            table_.problem(settings_.cluster_cert_file.empty() ? "cluster-key-file" : "cluster-cert-file",
                           "a certificate and its key belong together; give both --cluster-cert-file and "
                           "--cluster-key-file");
            return;
        }
        net::TlsOptions tls;
        tls.ca_file = settings_.cluster_ca_file;
        tls.certificate_file = settings_.cluster_cert_file;
        tls.key_file = settings_.cluster_key_file;
        tls.verify_host = settings_.cluster_verify_host;
        auto context = net::make_client_tls(tls);
        if (!context)
            table_.problem(name, printable(context.error().message));
        else
            options().cluster.tls = std::move(*context);
    }

    void take_versions() {
        const bool has_highest = has("max-protocol-version"), has_first = has("protocol-version");
        if (has_highest && has_first && settings_.protocol_version > settings_.max_protocol_version)
            table_.problem("protocol-version", "is higher than max-protocol-version");
        const cql::ProtocolVersion highest = has_highest ? settings_.max_protocol_version : settings_.protocol_version;
        options().highest_version = highest;
        options().cluster_versions.clear();
        for (const cql::ProtocolVersion version : relay::versions_by_age())
            if (version <= highest) options().cluster_versions.push_back(version);
    }

    void take_endpoint() {
        if (settings_.proxy_cert_file.empty() != settings_.proxy_key_file.empty()) {
            table_.problem(settings_.proxy_cert_file.empty() ? "proxy-key-file" : "proxy-cert-file",
                           "a certificate and its key belong together; give both --proxy-cert-file and "
                           "--proxy-key-file");
        } else if (!settings_.proxy_cert_file.empty()) {
            net::TlsOptions tls;
            tls.certificate_file = settings_.proxy_cert_file;
            tls.key_file = settings_.proxy_key_file;
            tls.ca_file = settings_.proxy_client_ca_file;
            tls.verify_peer = !settings_.proxy_client_ca_file.empty();
            auto context = net::make_server_tls(tls);
            if (!context)
                table_.problem("proxy-cert-file", printable(context.error().message));
            else
                options().client_tls = std::move(*context);
        } else if (!settings_.proxy_client_ca_file.empty()) {
            table_.problem("proxy-client-ca-file",
                           "client certificates are for TLS; give --proxy-cert-file and --proxy-key-file");
        }
        take_client_login();
        if (options().health && options().health->port == options().bind.port &&
            options().health->host == options().bind.host)
            table_.problem("http-bind", "is where clients connect, too; give it a port of its own");
    }

    void take_client_login() {
        const bool has_users = !settings_.client_users_file.empty();
        if (has_users && settings_.clients_log_in_to_cluster)
            table_.problem("client-users-file", "there is '--client-auth cluster' too; keep one of them");
        if (settings_.clients_log_in_to_cluster) {
            options().client_login = connect::ClientLogin::cluster;
            if (options().cluster.credentials.empty() && table_.problems().empty())
                table_.problem("client-auth",
                               "'cluster' needs a role to watch the cluster with; give --username and --password-file");
        } else if (has_users) {
            take_users();
        }
        const std::string& host = settings_.bind.host;
        const bool is_local = host.starts_with("127.") || host == "::1" || host == "localhost";
        if (!is_local && options().client_login == connect::ClientLogin::none &&
            !options().cluster.credentials.empty() && settings_.proxy_client_ca_file.empty())
            warn("whoever reaches " + net::to_text(settings_.bind) + " acts as '" +
                 printable(options().cluster.credentials.username) +
                 "' without a login; bind to 127.0.0.1, or give --client-users-file, --client-auth cluster or "
                 "--proxy-client-ca-file");
    }

    void take_users() {
        options().client_login = connect::ClientLogin::users;
        const std::string& path = settings_.client_users_file;
        const auto text = bundle::read_file(path, largest_users_file);
        auto users = text ? connect::parse_client_users(path, base::text_of(*text))
                          : base::Result<connect::ClientUsers>(base::fail(text.error()));
        if (!users) {
            table_.problem("client-users-file", printable(users.error().message));
            return;
        }
        options().client_users = std::move(*users);
        if (is_open_to_others(path))
            warn(path + ": every user of this machine can read it; chmod 600 keeps what is in it private");
    }

    void take_shown() {
        relay::ShownNode& shown = options().shown;
        shown = {settings_.rpc_address, settings_.bind.port, settings_.data_center, settings_.tokens};
        if (!shown.host.empty() && !is_ip(shown.host))
            table_.problem("rpc-address", "'" + printable(shown.host.substr(0, 100)) + "' is no IP address");
        if (shown.host.empty() && !settings_.peers.empty())
            table_.problem("rpc-address", "is missing; with peers each endpoint shows an address of its own");
        for (const ConnectSettings::Peer& peer : settings_.peers) {
            if (!peer.rpc_address.empty() && !is_ip(peer.rpc_address))
                table_.problem("config",
                               "peers: '" + printable(peer.rpc_address.substr(0, 100)) + "' is no IP address");
            // It is all right that one file serves all: the endpoint itself is left out.
            if (peer.rpc_address == shown.host) continue;
            options().peers.push_back({peer.rpc_address, settings_.bind.port, peer.data_center, peer.tokens});
        }
        check_tokens(shown.tokens, "tokens");
        for (const relay::ShownNode& peer : options().peers) check_tokens(peer.tokens, "config");
    }

    void check_tokens(const std::vector<std::string>& tokens, const char* name) {
        for (const std::string& token : tokens) {
            const bool is_number =
                !token.empty() && token.size() <= 20 &&
                token.find_first_not_of("0123456789", token.front() == '-' ? 1 : 0) == std::string::npos;
            if (!is_number)
                table_.problem(name,
                               "'" + printable(token.substr(0, 100)) + "' is no token; a token is a whole number");
        }
    }

    const ConnectSettings& settings_;
    ConnectSettingTable& table_;
    ConnectOptionsResult result_;
};

}  // namespace

ConnectOptionsResult make_connect_options(const ConnectSettings& settings, ConnectSettingTable& table) {
    return Maker(settings, table).make();
}

}  // namespace crossfade::cli
