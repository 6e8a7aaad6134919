// A cluster: where sessions come from.
#pragma once

#include <memory>
#include <string>

#include "crossfade/async_session.hpp"
#include "crossfade/cluster_options.hpp"
#include "crossfade/session.hpp"

namespace crossfade {

namespace driver {
class ClusterCore;
}

// Has the thread that its sessions run on (or uses the caller's loop: ClusterOptions::event_loop()); that ends with
// close(), or when neither the cluster nor a session of it is left. Copies are the same cluster. Any thread.
class Cluster {
public:
    // Checks the options, reads certificates and bundles; connects to nothing. Throws Error (bad_configuration), in
    // words, for options that are missing, contradict each other, or name files that cannot be read.
    static Cluster build_new_cluster(const ClusterOptions& options);

    // A session that is connected to at least one node of the local datacenter; to the others as soon as they answer.
    // Throws Error: connection, timeout, authentication, protocol; server for a keyspace that does not exist;
    // bad_configuration for a datacenter that does not, and when the cluster has several and none is chosen.
    // `keyspace`: what unqualified names are in; its name as it is, without quotes.
    Session connect(const std::string& keyspace = {}) const;
    // The same without waiting: `done` is called once, on the driver's thread (once the cluster is closed, on the
    // caller's).
    void connect(const std::string& keyspace, Callback<Session> done) const;
    // co_await cluster.async_connect()
    // Goes on where `resume_on` says, on the driver's thread without it. Throws what connect() throws.
    Pending<Session> async_connect(std::string keyspace = {}, Executor resume_on = {}) const;

    // Closes every session and ends the thread; sessions that are being connected fail with code closed, at once. From
    // the driver's own thread it does not wait for the end.
    void close() const;

private:
    explicit Cluster(std::shared_ptr<driver::ClusterCore> core) : core_(std::move(core)) {}
    std::shared_ptr<driver::ClusterCore> core_;
};

}  // namespace crossfade
