#include "connect/control.hpp"

namespace crossfade::connect {

Control::Control(net::Loop& loop, const Options& options, Callbacks callbacks)
    : loop_(loop), options_(options), callbacks_(std::move(callbacks)), unconnected_since_(loop.now()) {}

void Control::start() {
    unconnected_since_ = loop_.now();
    relay::ClusterWatchOptions options;
    options.control.cluster = options_.cluster;
    options.control.versions = options_.cluster_versions;
    options.control.application_name = "crossfade connect";
    options.reads_schema = false;
    relay::ClusterWatch::Callbacks callbacks;
    callbacks.on_facts = [this](const relay::ClusterFacts& facts) {
        callbacks_.on_facts(make_facts(facts, options_.highest_version));
        first_round_is_over({});
    };
    callbacks.on_event = callbacks_.on_event;
    callbacks.on_state = [this](bool is_connected, const base::Error&) {
        if (is_connected)
            unconnected_since_.reset();
        else if (!unconnected_since_)
            unconnected_since_ = loop_.now();
    };
    callbacks.on_first_round = [this](const base::Result<void>& result) {
        if (!result) first_round_is_over(result);
    };
    watch_ = std::make_unique<relay::ClusterWatch>(loop_, std::move(options), std::move(callbacks));
    watch_->start();
}

std::chrono::milliseconds Control::outage() const {
    if (!unconnected_since_) return std::chrono::milliseconds(0);
    // 0 would say that all is well.
    return std::max(std::chrono::milliseconds(1), std::chrono::duration_cast<std::chrono::milliseconds>(
                                                      net::Loop::Clock::now() - *unconnected_since_));
}

void Control::first_round_is_over(const base::Result<void>& result) {
    if (!std::exchange(is_first_round_over_, true)) callbacks_.on_first_round(result);
}

}  // namespace crossfade::connect
