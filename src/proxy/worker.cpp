#include "proxy/worker.hpp"

namespace crossfade::proxy {

Worker::Worker(Shared& shared) : shared_(shared) {
    relay::EngineOptions options;
    options.pools[origin_cluster] = {shared.options.origin, shared.options.connections_per_node};
    options.pools[target_cluster] = {shared.options.target, shared.options.connections_per_node};
    options.session_limits = {shared.options.client_requests_bytes, shared.options.client_answers_bytes};
    options.prepared_cache = shared.options.prepared_statements;
    engine_ = std::make_unique<relay::Engine>(loop_, std::move(options), shared.registry);
    policy_ = std::make_unique<DualPolicy>(shared, *engine_, counters_);
    engine_->set_policy(*policy_);
}

Worker::~Worker() {
    if (thread_.joinable()) {
        // What belongs to the loop goes on its own thread.
        loop_.post([this] {
            listener_.reset();
            loop_.stop();
        });
        thread_.join();
    }
    listener_.reset();
    engine_.reset();
    policy_.reset();
}

void Worker::start() {
    thread_ = std::thread([this] { loop_.run(); });
}

void Worker::post(std::function<void(Worker&)> task) {
    loop_.post([this, task = std::move(task)] { task(*this); });
}

base::Result<void> Worker::listen() {
    auto listener = net::listen(loop_, shared_.options.listen, nullptr,
                                [this](std::unique_ptr<net::Stream> stream) { engine_->accept(std::move(stream)); });
    if (!listener) return base::fail(listener.error());
    listener_ = std::move(*listener);
    return {};
}

void Worker::set_facts(const FactsPtr& facts) {
    policy_->set_facts(facts);
    for (std::size_t cluster = 0; cluster < relay::clusters; ++cluster) {
        const ClusterFacts& of = facts->clusters[cluster];
        if (of.topology != nullptr) engine_->set_topology(cluster, of.topology, of.local_datacenter);
    }
}

}  // namespace crossfade::proxy
