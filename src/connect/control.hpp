// Finds the cluster and keeps watch over it: the metadata service, where there is one, and a control connection.
#pragma once

#include <functional>
#include <memory>
#include <optional>

#include "bundle/metadata.hpp"
#include "connect/facts.hpp"
#include "relay/cluster_watch.hpp"

namespace crossfade::connect {

// Loop's thread only. Never gives up: a metadata service that does not answer is asked again, and what it says is
// looked at again every few minutes and when the cluster is lost: nodes and their proxy may have moved.
class Control {
public:
    struct Callbacks {
        std::function<void(FactsPtr)> on_facts;  // each time that they were read
        std::function<void(std::shared_ptr<const nodes::ClusterEvent>)> on_event;
        // Once: the first facts are there (after on_facts), or the first try has failed.
        std::function<void(const base::Result<void>&)> on_first_round;
    };
    Control(net::Loop& loop, const Options& options, Callbacks callbacks);
    ~Control();
    Control(const Control&) = delete;
    Control& operator=(const Control&) = delete;

    void start();
    // For how long there has been no connection to the cluster; 0: there is one.
    std::chrono::milliseconds outage() const;

private:
    base::Task<void> ask_metadata();
    void ask_metadata_in(std::chrono::milliseconds wait);
    void take_metadata(bundle::Metadata metadata);
    void watch(nodes::ClusterOptions cluster);
    void first_round_is_over(const base::Result<void>& result);

    net::Loop& loop_;
    const Options& options_;
    Callbacks callbacks_;
    std::optional<bundle::Metadata> metadata_;
    bool is_asking_ = false, is_first_round_over_ = false;
    std::chrono::milliseconds backoff_{1000};
    net::Timer metadata_timer_;
    std::optional<net::Loop::Clock::time_point> unconnected_since_;
    std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
    std::unique_ptr<relay::ClusterWatch> watch_;
};

}  // namespace crossfade::connect
