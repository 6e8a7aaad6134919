// What a public Session stands on: an internal session on one loop, its executions and pages, its counts.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/histogram.hpp"
#include "crossfade/cluster_options.hpp"
#include "crossfade/metadata.hpp"
#include "driver/api/bundle_regions.hpp"
#include "driver/api/execution.hpp"
#include "driver/api/failover.hpp"
#include "driver/api/loop_thread.hpp"
#include "driver/dispatcher.hpp"
#include "driver/prepared_cache.hpp"
#include "driver/session.hpp"

namespace crossfade::driver {

// What all sessions of a cluster share. Immutable.
struct SessionSetup {
    SessionOptions session;
    ClusterSettings cluster;
    RequestSettings requests;  // of those that say nothing
    // With bundles, in failover order. Else none.
    std::vector<BundleRegion> regions;
};

// The internal session that requests go to, with what they need of it. Another takes its place when its region or
// datacenter is lost. Loop's thread only.
struct Home {
    explicit Home(std::shared_ptr<Session> of)
        : session(std::move(of)), dispatcher(session->dispatcher()), prepared(session->prepared_cache()) {}

    const std::shared_ptr<Session> session;
    const std::shared_ptr<Dispatcher> dispatcher;
    const std::shared_ptr<PreparedCache> prepared;
};

class SessionCore : public std::enable_shared_from_this<SessionCore> {
public:
    // Loop's thread. `done` is called there, once; at once when `stop` is requested (on that thread).
    static void open(std::shared_ptr<LoopLease> lease, std::shared_ptr<const SessionSetup> setup, std::string keyspace,
                     std::stop_token stop, Callback<std::shared_ptr<SessionCore>> done);
    ~SessionCore();

    // Any thread. An execution to fill; every one that is taken is submitted or given back.
    Execution* take_execution();
    void give_back(Execution& execution);
    void submit(Execution& execution);
    // Ends everything under way; from another thread it waits for that. Idempotent.
    void close();
    const std::shared_ptr<LoopThread>& thread() const { return lease_->thread; }
    std::shared_ptr<const nodes::Topology> topology() const;
    cql::ProtocolVersion version() const { return version_; }
    PagePool& pages() { return *pages_; }
    void prepare(std::string text, std::string keyspace, Callback<PreparedStatement> done);
    std::chrono::milliseconds schema_agreement() const { return setup_->cluster.schema_agreement; }
    // The schema as it was read last, while it has not changed since; null otherwise.
    std::shared_ptr<const SchemaMetadata> known_schema();
    void keep_schema(std::shared_ptr<const SchemaMetadata> schema, std::uint64_t changes);
    std::uint64_t schema_changes() const { return schema_changes_.load(); }

    // Loop's thread, for Execution and for blocking questions.
    net::Loop& loop() { return lease_->thread->loop(); }
    const std::shared_ptr<const Home>& home() const { return home_; }
    Session& internal() { return *home_->session; }
    bool is_connected() const { return home_->dispatcher->pool()->open_connections() > 0; }
    // From now on requests go to `next`. Those that wait for a connection follow; those that were sent get their
    // answers where they are.
    void move_to(std::shared_ptr<Session> next);
    base::Result<void> check(const Command& command) const;
    base::Result<void> append(base::Bytes& frame, const Command& command);
    std::span<const std::uint32_t> replicas(const Command& command);
    // The statement's setting, else its profile's, else the cluster's.
    template <class T>
    std::optional<T> setting(const Command& command, std::optional<T> RequestSettings::*member) const {
        if (command.settings.*member) return command.settings.*member;
        const RequestSettings* const profile = profile_of(command);
        if (profile != nullptr && profile->*member) return profile->*member;
        return setup_->requests.*member;
    }
    std::shared_ptr<const RetryPolicy> retry_policy(const Command& command) const;
    void recycle(Execution& execution);
    void count(bool has_failed, std::chrono::steady_clock::time_point began);
    void count_speculation() { ++speculative_; }
    void schema_changed() { ++schema_changes_; }
    Metrics metrics() const;

private:
    SessionCore(std::shared_ptr<LoopLease> lease, std::shared_ptr<const SessionSetup> setup,
                std::shared_ptr<Session> session);
    static base::Task<void> connect(std::shared_ptr<LoopLease> lease, std::shared_ptr<const SessionSetup> setup,
                                    std::string keyspace, std::stop_token stop,
                                    Callback<std::shared_ptr<SessionCore>> done);
    static base::Task<void> run_prepare(std::shared_ptr<SessionCore> self, std::string text, std::string keyspace,
                                        Callback<PreparedStatement> done);
    void listen();
    void close_homes_without_requests();
    void take_topology(std::shared_ptr<const nodes::Topology> topology);
    const RequestSettings* profile_of(const Command& command) const;
    std::int64_t next_timestamp();
    void start_submitted();
    void shut();

    const std::shared_ptr<LoopLease> lease_;
    const std::shared_ptr<const SessionSetup> setup_;
    const cql::ProtocolVersion version_;
    const std::shared_ptr<PagePool> pages_ = std::make_shared<PagePool>();

    // Loop's thread.
    std::shared_ptr<const Home> home_;
    std::vector<std::shared_ptr<const Home>> left_;  // with requests under way
    SessionStatistics of_closed_;                    // what was counted in homes that are closed
    std::uint64_t moves_ = 0;
    net::Timer sweep_;
    std::unique_ptr<Failover> failover_;
    cql::QueryOptions scratch_;
    base::Bytes key_scratch_;
    std::int64_t last_timestamp_ = 0;
    std::uint64_t errors_ = 0, speculative_ = 0;
    base::Histogram latency_;  // microseconds

    mutable std::mutex mutex_;
    std::vector<std::unique_ptr<Execution>> spare_;
    Execution* submitted_first_ = nullptr;
    Execution* submitted_last_ = nullptr;
    bool is_closed_ = false;
    std::shared_ptr<const nodes::Topology> topology_;
    std::shared_ptr<const SchemaMetadata> schema_;
    std::uint64_t schema_at_ = 0;
    std::atomic<std::uint64_t> schema_changes_{1};
};

}  // namespace crossfade::driver
