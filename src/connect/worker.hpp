// One loop that serves clients: its thread, listener, relay engine and policy.
#pragma once

#include <functional>
#include <memory>
#include <thread>

#include "connect/forward_policy.hpp"
#include "relay/engine.hpp"

namespace crossfade::connect {

// Made and joined by the main thread; other threads reach it by post() only.
class Worker {
public:
    Worker(const Options& options, relay::PreparedRegistry& registry);
    ~Worker();  // stops and joins

    void post(std::function<void(Worker&)> task);
    // Worker's thread, as all below: accepts from now on. Errors: connection.
    base::Result<void> listen();
    void stop_listening() { listener_.reset(); }
    void set_facts(const FactsPtr& facts);

    relay::Engine& engine() { return *engine_; }
    ForwardPolicy& policy() { return *policy_; }

private:
    const Options& options_;
    net::Loop loop_;
    std::unique_ptr<relay::Engine> engine_;
    std::unique_ptr<ForwardPolicy> policy_;
    std::unique_ptr<net::Listener> listener_;
    bool is_warm_ = false;  // connections for the version that most clients begin with are open, or being opened
    std::thread thread_;
};

}  // namespace crossfade::connect
