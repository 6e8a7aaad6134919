// Watches one cluster for a front of it: a control connection, and what is read over it each time that something
// changes.
#pragma once

#include <functional>
#include <memory>

#include "nodes/control_connection.hpp"
#include "relay/cluster_facts.hpp"

namespace crossfade::relay {

struct ClusterWatchOptions {
    nodes::ControlOptions control;
    bool reads_schema = true;
};

// Loop's thread only, as all callbacks, which may destroy nothing of it.
class ClusterWatch {
public:
    struct Callbacks {
        std::function<void(const ClusterFacts&)> on_facts;  // each time that they were read
        std::function<void(std::shared_ptr<const nodes::ClusterEvent>)> on_event;
        std::function<void(bool is_connected, const base::Error& why)> on_state;
        // Every contact point has failed once, or the connection stands; it goes on in both cases.
        std::function<void(const base::Result<void>&)> on_first_round;
    };
    ClusterWatch(net::Loop& loop, ClusterWatchOptions options, Callbacks callbacks);
    ~ClusterWatch();
    ClusterWatch(const ClusterWatch&) = delete;
    ClusterWatch& operator=(const ClusterWatch&) = delete;

    // Starts connecting. Once.
    void start();
    nodes::ControlConnection& connection() { return *connection_; }
    const ClusterFacts& facts() const { return facts_; }

private:
    base::Task<void> watch_first_round();
    base::Task<void> read();
    void read_after(std::chrono::milliseconds wait);
    void read_soon();
    const std::string& label() const { return options_.control.cluster.label; }

    const ClusterWatchOptions options_;
    const Callbacks callbacks_;
    ClusterFacts facts_;
    net::Timer read_timer_;
    bool is_reading_ = false, reads_again_ = false;
    std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
    std::unique_ptr<nodes::ControlConnection> connection_;
};

}  // namespace crossfade::relay
