#include "proxy/control.hpp"

#include "base/log.hpp"

namespace crossfade::proxy {
namespace {

constexpr std::chrono::seconds measure_every{60}, measure_again_soon{5};
constexpr std::int64_t worth_a_warning_us = 100000;

}  // namespace

Control::Control(net::Loop& loop, const Options& options, WriteStamps& stamps, Callbacks callbacks)
    : options_(options), stamps_(stamps), callbacks_(std::move(callbacks)) {
    for (std::size_t cluster = 0; cluster < 2; ++cluster) {
        clock_timers_[cluster] = std::make_unique<net::Timer>(loop);
        relay::ClusterWatchOptions watch;
        watch.control.cluster = cluster == origin_cluster ? options.origin : options.target;
        watch.control.application_name = "crossfade proxy";
        relay::ClusterWatch::Callbacks callbacks_of;
        callbacks_of.on_facts = [this, cluster](const relay::ClusterFacts& facts) { take_facts(cluster, facts); };
        callbacks_of.on_event = [this, cluster](std::shared_ptr<const nodes::ClusterEvent> event) {
            callbacks_.on_event(cluster, std::move(event));
        };
        callbacks_of.on_state = [this, cluster](bool is_connected, const base::Error& why) {
            problems_[cluster] = is_connected ? "" : why.message;
        };
        callbacks_of.on_first_round = [this, cluster](const base::Result<void>& result) {
            if (result) return;
            problems_[cluster] = result.error().message;
            first_is_over(cluster);
        };
        watches_[cluster] = std::make_unique<relay::ClusterWatch>(loop, std::move(watch), std::move(callbacks_of));
    }
}

Control::~Control() {
    *alive_ = false;
}

void Control::start(std::function<void()> ready) {
    ready_ = std::move(ready);
    publish();  // what is offered while nothing is known yet
    for (const auto& watch : watches_) watch->start();
}

void Control::take_facts(std::size_t cluster, const relay::ClusterFacts& facts) {
    static_cast<relay::ClusterFacts&>(clusters_[cluster]) = facts;
    publish();
    // Nothing is stamped before it is known how the clocks stand: the first round is over with the first measurement.
    if (!std::exchange(is_measured_[cluster], true)) measure(cluster).detach();
}

base::Task<void> Control::measure(std::size_t cluster) {
    const auto alive = alive_;
    const auto reading = co_await watches_[cluster]->connection().measure_clock();
    if (!*alive) co_return;
    if (reading) {
        stamps_.set_measured(static_cast<int>(cluster), reading->offset_us, reading->error_us);
        clusters_[cluster].clock_offset_us = reading->offset_us;
        clusters_[cluster].clock_error_us = reading->error_us;
        clusters_[cluster].clock_is_measured = true;
        const std::int64_t beyond_error = std::abs(reading->offset_us) - reading->error_us;
        if (beyond_error >= worth_a_warning_us)
            base::log_warning("{}: its clock differs from this machine's by {} ms (± {} ms)", cluster_names[cluster],
                              reading->offset_us / 1000, reading->error_us / 1000);
        publish();
    }
    first_is_over(cluster);
    clock_timers_[cluster]->start(reading ? measure_every : measure_again_soon,
                                  [this, cluster] { measure(cluster).detach(); });
}

void Control::publish() {
    auto facts = std::make_shared<Facts>();
    facts->clusters = clusters_;
    facts->versions = common_versions(clusters_);
    facts->login_cluster = login_cluster(options_);
    const nodes::Credentials& others =
        facts->login_cluster == origin_cluster ? options_.target.credentials : options_.origin.credentials;
    facts->other_uses_client_credentials = others.empty();
    facts_ = std::move(facts);
    callbacks_.on_facts(facts_);
}

void Control::first_is_over(std::size_t cluster) {
    if (std::exchange(is_first_over_[cluster], true)) return;
    if (is_first_over_[0] && is_first_over_[1] && ready_) std::exchange(ready_, nullptr)();
}

}  // namespace crossfade::proxy
