// One loop that serves clients: its thread, listener, relay engine and policy.
#pragma once

#include <memory>
#include <thread>

#include "proxy/dual_policy.hpp"
#include "relay/engine.hpp"

namespace crossfade::proxy {

// Made and joined by the main thread; other threads reach it by post() only.
class Worker {
public:
    explicit Worker(Shared& shared);
    ~Worker();  // stops and joins

    // Starts the thread. Any later call from other threads goes through post().
    void start();
    void post(std::function<void(Worker&)> task);
    // Worker's thread: accepts from now on. Errors: connection.
    base::Result<void> listen();
    void stop_listening() { listener_.reset(); }
    void set_facts(const FactsPtr& facts);

    relay::Engine& engine() { return *engine_; }
    DualPolicy& policy() { return *policy_; }
    const Counters& counters() const { return counters_; }  // any thread

private:
    Shared& shared_;
    net::Loop loop_;
    Counters counters_;
    std::unique_ptr<relay::Engine> engine_;
    std::unique_ptr<DualPolicy> policy_;
    std::unique_ptr<net::Listener> listener_;
    std::thread thread_;
};

}  // namespace crossfade::proxy
