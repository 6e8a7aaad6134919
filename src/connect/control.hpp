// Finds the cluster and keeps watch over it.
#pragma once

#include <functional>
#include <memory>
#include <optional>

#include "connect/facts.hpp"
#include "relay/cluster_watch.hpp"

namespace crossfade::connect {

// Loop's thread only. Never gives up.
class Control {
public:
    struct Callbacks {
        std::function<void(FactsPtr)> on_facts;  // each time that they were read
        std::function<void(std::shared_ptr<const nodes::ClusterEvent>)> on_event;
        // Once: the first facts are there (after on_facts), or the first try has failed.
        std::function<void(const base::Result<void>&)> on_first_round;
    };
    Control(net::Loop& loop, const Options& options, Callbacks callbacks);

    void start();
    // For how long there has been no connection to the cluster; 0: there is one.
    std::chrono::milliseconds outage() const;

private:
    void first_round_is_over(const base::Result<void>& result);

    net::Loop& loop_;
    const Options& options_;
    Callbacks callbacks_;
    bool is_first_round_over_ = false;
    std::optional<net::Loop::Clock::time_point> unconnected_since_;
    std::unique_ptr<relay::ClusterWatch> watch_;
};

}  // namespace crossfade::connect
