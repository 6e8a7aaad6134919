// Watches both clusters for the proxy: nodes, schema, versions, clocks, events. One thread's worth of work on the
// control loop.
#pragma once

#include <array>
#include <functional>
#include <memory>

#include "proxy/facts.hpp"
#include "proxy/write_stamps.hpp"
#include "relay/cluster_watch.hpp"

namespace crossfade::proxy {

// Control loop's thread only.
class Control {
public:
    struct Callbacks {
        std::function<void(FactsPtr)> on_facts;  // each time that something differs
        std::function<void(std::size_t cluster, std::shared_ptr<const nodes::ClusterEvent>)> on_event;
    };
    Control(net::Loop& loop, const Options& options, WriteStamps& stamps, Callbacks callbacks);
    ~Control();

    // Starts; `ready` is called once: when both clusters are known, or when one has failed its first round of contact
    // points.
    void start(std::function<void()> ready);
    FactsPtr facts() const { return facts_; }
    const std::array<std::string, 2>& problems() const {
        return problems_;
    }  // why a cluster is not connected; empty: it is

private:
    void take_facts(std::size_t cluster, const relay::ClusterFacts& facts);
    base::Task<void> measure(std::size_t cluster);
    void publish();
    void first_is_over(std::size_t cluster);

    const Options& options_;
    WriteStamps& stamps_;
    const Callbacks callbacks_;
    std::array<ClusterFacts, 2> clusters_;
    std::array<std::string, 2> problems_{"not connected yet", "not connected yet"};
    std::array<bool, 2> is_first_over_{}, is_measured_{};
    std::array<std::unique_ptr<net::Timer>, 2> clock_timers_;
    FactsPtr facts_ = std::make_shared<Facts>();
    std::function<void()> ready_;
    std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
    std::array<std::unique_ptr<relay::ClusterWatch>, 2> watches_;
};

}  // namespace crossfade::proxy
