#include "connect/worker.hpp"

namespace crossfade::connect {

Worker::Worker(const Options& options, relay::PreparedRegistry& registry) : options_(options) {
    relay::EngineOptions engine;
    engine.pools[0] = {options.cluster, options.connections_per_node, options.times};
    engine.prepared_cache = options.prepared_statements;
    engine.prepares_ahead = true;
    engine_ = std::make_unique<relay::Engine>(loop_, std::move(engine), registry);
    policy_ = std::make_unique<ForwardPolicy>(options, *engine_);
    engine_->set_policy(*policy_);
    thread_ = std::thread([this] { loop_.run(); });
}

Worker::~Worker() {
    // What belongs to the loop goes on its own thread.
    loop_.post([this] {
        listener_.reset();
        loop_.stop();
    });
    thread_.join();
    engine_.reset();
    policy_.reset();
}

void Worker::post(std::function<void(Worker&)> task) {
    loop_.post([this, task = std::move(task)] { task(*this); });
}

base::Result<void> Worker::listen() {
    auto listener = net::listen(loop_, options_.bind, options_.client_tls,
                                [this](std::unique_ptr<net::Stream> stream) { engine_->accept(std::move(stream)); });
    if (!listener) return base::fail(listener.error());
    listener_ = std::move(*listener);
    return {};
}

void Worker::set_facts(const FactsPtr& facts) {
    policy_->set_facts(facts);
    if (facts->cluster.topology != nullptr)
        engine_->set_topology(0, facts->cluster.topology, facts->cluster.local_datacenter);
    const bool knows_the_role = options_.client_login != ClientLogin::cluster;
    if (is_warm_ || !knows_the_role || !facts->cluster.was_seen || facts->versions.empty()) return;
    // Opened before the first client comes, and kept: TLS and a login take longer than some drivers wait.
    is_warm_ = true;
    const relay::PoolKey key{0, options_.cluster.credentials, facts->versions.front(), cql::Compression::none};
    ++engine_->pool_for(key).users;
}

}  // namespace crossfade::connect
