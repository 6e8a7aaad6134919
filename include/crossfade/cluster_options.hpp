// How to reach a cluster, and how its sessions behave.
#pragma once

#include <chrono>
#include <cstdint>
#include <initializer_list>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "crossfade/listener.hpp"
#include "crossfade/settings.hpp"

namespace crossfade {

class EventLoop;

enum class ProtocolVersion : std::uint8_t { v3 = 3, v4 = 4, v5 = 5 };
enum class Compression : std::uint8_t { none, lz4, snappy };

// TLS to the nodes. Files are PEM; a key must not be encrypted.
class TlsOptions {
public:
    // Whom to trust; without it the system's own certificates.
    TlsOptions& ca_file(std::string path) {
        ca_file_ = std::move(path);
        return *this;
    }
    // Who we are, where nodes demand a client certificate: both or none.
    TlsOptions& client_certificate(std::string certificate_file, std::string key_file) {
        certificate_file_ = std::move(certificate_file);
        key_file_ = std::move(key_file);
        return *this;
    }
    // Whether the certificate must be for the name or address of the contact point or node. On unless told.
    TlsOptions& verify_host(bool is_on) {
        verify_host_ = is_on;
        return *this;
    }
    // Whether the certificate must be signed by whom we trust. On unless told; off is for tests alone.
    TlsOptions& verify_peer(bool is_on) {
        verify_peer_ = is_on;
        return *this;
    }

    // Empty: none. So below.
    const std::string& ca_file() const noexcept { return ca_file_; }
    // Of client_certificate().
    const std::string& certificate_file() const noexcept { return certificate_file_; }
    // Of client_certificate().
    const std::string& key_file() const noexcept { return key_file_; }
    // As verify_host() said.
    bool verifies_host() const noexcept { return verify_host_; }
    // As verify_peer() said.
    bool verifies_peer() const noexcept { return verify_peer_; }

private:
    std::string ca_file_, certificate_file_, key_file_;
    bool verify_host_ = true, verify_peer_ = true;
};

// What ClusterOptions says, for Cluster.
struct ClusterSettings {
    std::vector<std::string> contact_points, bundles;
    std::uint16_t port = 9042;
    std::string username, password, local_datacenter, local_rack, application_name, application_version;
    std::shared_ptr<Authenticator> authenticator;
    std::optional<TlsOptions> tls;
    std::optional<ProtocolVersion> version;
    Compression compression = Compression::none;
    std::uint32_t connections_per_node = 1;
    std::chrono::milliseconds connect_timeout{5000}, schema_agreement{10000};
    std::chrono::milliseconds first_reconnection{100}, longest_reconnection{5000};
    std::vector<std::string> failover_datacenters;
    std::chrono::milliseconds failover_after{5000}, failover_back{30000};
    bool has_client_timestamps = true;
    std::map<std::string, ExecutionProfile> profiles;
    std::shared_ptr<ClusterListener> listener;
    EventLoop* loop = nullptr;
};

// Nothing is looked at before Cluster::build_new_cluster(). The request settings are those of every request that says
// nothing else: consistency LOCAL_QUORUM, timeout 12 s, pages of 5000 rows, not idempotent.
class ClusterOptions : public WithRequestSettings<ClusterOptions> {
public:
    ClusterOptions() { consistency(Consistency::local_quorum).timeout(std::chrono::seconds(12)).page_size(5000); }

    // Names or addresses, separated by commas, each with its own port where it has one: "10.20.30.40,node-2:9142".
    ClusterOptions& contact_points(std::string_view list);
    ClusterOptions& contact_points(std::vector<std::string> list) {
        settings_.contact_points = std::move(list);
        return *this;
    }
    // {"a", "b"} would otherwise be taken for one string between two pointers.
    ClusterOptions& contact_points(std::initializer_list<std::string> list) {
        return contact_points(std::vector<std::string>(list));
    }
    // Of contact points without one. 9042 unless told.
    ClusterOptions& port(std::uint16_t number) {
        settings_.port = number;
        return *this;
    }
    // SASL PLAIN: both or none. With a bundle "token" and a token ("AstraCS:…"), or a client id and its secret.
    ClusterOptions& username(std::string name) {
        settings_.username = std::move(name);
        return *this;
    }
    // Never shown in an error or a log.
    ClusterOptions& password(std::string secret) {
        settings_.password = std::move(secret);
        return *this;
    }
    // Another login than user name and password.
    ClusterOptions& authenticator(std::shared_ptr<Authenticator> with) {
        settings_.authenticator = std::move(with);
        return *this;
    }
    // Requests go to nodes of this datacenter alone (but for failover_datacenters()). Without it: the cluster's only
    // one; with several, connect fails and names them.
    ClusterOptions& local_datacenter(std::string name) {
        settings_.local_datacenter = std::move(name);
        return *this;
    }
    // Where requests go when there is no connection to the local datacenter: to the first of these that can be reached,
    // all of them, until one before it is back (failover()). LOCAL_QUORUM and its like count there then: what was
    // written on one side may not yet be read on the other. Not with bundles, which say it by their order.
    ClusterOptions& failover_datacenters(std::vector<std::string> names) {
        settings_.failover_datacenters = std::move(names);
        return *this;
    }
    ClusterOptions& failover_datacenters(std::initializer_list<std::string> names) {
        return failover_datacenters(std::vector<std::string>(names));
    }
    // How long a session must have been without any connection to its datacenter, or its bundle's region, before it
    // goes to the next; and how often, from there, those before it are tried again. 5 s and 30 s unless told. Requests
    // wait meanwhile, within their timeouts.
    ClusterOptions& failover(std::chrono::milliseconds after, std::chrono::milliseconds back) {
        settings_.failover_after = after;
        settings_.failover_back = back;
        return *this;
    }
    // Of the replicas, those in this rack come first.
    ClusterOptions& local_rack(std::string name) {
        settings_.local_rack = std::move(name);
        return *this;
    }
    // Contact points, TLS and local datacenter come from the bundle (the zip that a cluster's owner hands out).
    // Several: regions of one cluster, in failover order: a session goes to the first that lets it in, to the next when
    // it has lost that one (failover()), and back when it is there again.
    ClusterOptions& secure_connect_bundle(std::string path) {
        settings_.bundles = {std::move(path)};
        return *this;
    }
    ClusterOptions& secure_connect_bundle(std::vector<std::string> paths) {
        settings_.bundles = std::move(paths);
        return *this;
    }
    ClusterOptions& secure_connect_bundle(std::initializer_list<std::string> paths) {
        return secure_connect_bundle(std::vector<std::string>(paths));
    }
    // TLS to every node. Without it, and without a bundle: plain.
    ClusterOptions& tls(TlsOptions options) {
        settings_.tls = std::move(options);
        return *this;
    }
    // Where the nodes support it; snappy never with protocol v5, where it does not exist.
    ClusterOptions& compression(Compression algorithm) {
        settings_.compression = algorithm;
        return *this;
    }
    // Only this one. Otherwise the highest of v5, v4, v3 that the cluster speaks.
    ClusterOptions& protocol_version(ProtocolVersion version) {
        settings_.version = version;
        return *this;
    }
    // What the cluster lists connections under (system_views.clients).
    ClusterOptions& application_name(std::string name) {
        settings_.application_name = std::move(name);
        return *this;
    }
    // The same.
    ClusterOptions& application_version(std::string version) {
        settings_.application_version = std::move(version);
        return *this;
    }
    // Of one connection: name resolution, TCP, TLS and login together. 5 s unless told.
    ClusterOptions& connect_timeout(std::chrono::milliseconds within) {
        settings_.connect_timeout = within;
        return *this;
    }
    // 1 unless told; each takes 32,768 requests at a time.
    ClusterOptions& connections_per_node(std::uint32_t count) {
        settings_.connections_per_node = count;
        return *this;
    }
    // Pauses between attempts to connect to a node that is away: from `first`, doubled up to `longest`, each up to 15 %
    // off. 100 ms and 5 s unless told.
    ClusterOptions& reconnection(std::chrono::milliseconds first, std::chrono::milliseconds longest) {
        settings_.first_reconnection = first;
        settings_.longest_reconnection = longest;
        return *this;
    }
    // Whether requests without a timestamp get one from this machine's clock, never the same twice and never less than
    // the one before. On unless told; off: the coordinator's clock counts.
    ClusterOptions& client_timestamps(bool is_on) {
        settings_.has_client_timestamps = is_on;
        return *this;
    }
    // How long a statement that changes the schema waits, beyond its timeout, until all nodes have taken it. 10 s
    // unless told; 0: not.
    ClusterOptions& schema_agreement(std::chrono::milliseconds within) {
        settings_.schema_agreement = within;
        return *this;
    }
    // Settings that statements choose by this name. The same name again replaces it.
    ClusterOptions& execution_profile(std::string name, ExecutionProfile profile) {
        settings_.profiles.insert_or_assign(std::move(name), std::move(profile));
        return *this;
    }
    // Told what happens to nodes and schema.
    ClusterOptions& listener(std::shared_ptr<ClusterListener> who) {
        settings_.listener = std::move(who);
        return *this;
    }
    // Runs on the caller's loop, on the thread that runs it, instead of a thread of its own. The loop outlives the
    // cluster.
    ClusterOptions& event_loop(EventLoop& loop) {
        settings_.loop = &loop;
        return *this;
    }

    // What was said so far, as long as this.
    const ClusterSettings& settings() const noexcept { return settings_; }

private:
    ClusterSettings settings_;
};

}  // namespace crossfade
