#include "connect/control.hpp"

#include "base/log.hpp"
#include "bundle/metadata_client.hpp"

namespace crossfade::connect {
namespace {

constexpr std::chrono::milliseconds first_backoff{1000}, longest_backoff{30000};
constexpr std::chrono::minutes ask_every{5};
// Long enough that a node which restarts is found again without it.
constexpr std::chrono::seconds ask_after_loss{5};

}  // namespace

Control::Control(net::Loop& loop, const Options& options, Callbacks callbacks)
    : loop_(loop),
      options_(options),
      callbacks_(std::move(callbacks)),
      metadata_timer_(loop),
      unconnected_since_(loop.now()) {}

Control::~Control() {
    *alive_ = false;
}

void Control::start() {
    unconnected_since_ = loop_.now();
    if (options_.metadata_service)
        ask_metadata().detach();
    else
        watch(options_.cluster);
}

std::chrono::milliseconds Control::outage() const {
    if (!unconnected_since_) return std::chrono::milliseconds(0);
    // 0 would say that all is well.
    return std::max(std::chrono::milliseconds(1), std::chrono::duration_cast<std::chrono::milliseconds>(
                                                      net::Loop::Clock::now() - *unconnected_since_));
}

void Control::ask_metadata_in(std::chrono::milliseconds wait) {
    metadata_timer_.start(wait, [this] {
        if (!is_asking_) ask_metadata().detach();
    });
}

base::Task<void> Control::ask_metadata() {
    const auto alive = alive_;
    is_asking_ = true;
    auto metadata = co_await bundle::fetch_metadata(loop_, *options_.metadata_service, options_.cluster.tls,
                                                    options_.metadata_timeout);
    if (!*alive) co_return;
    is_asking_ = false;
    if (metadata) {
        backoff_ = first_backoff;
        ask_metadata_in(ask_every);
        take_metadata(std::move(*metadata));
        co_return;
    }
    if (backoff_ == first_backoff) base::log_warning("{}; asking again", metadata.error().message);
    ask_metadata_in(backoff_);
    backoff_ = std::min(backoff_ * 2, longest_backoff);
    first_round_is_over(base::fail(metadata.error()));
}

void Control::take_metadata(bundle::Metadata metadata) {
    if (metadata_ == metadata) return;
    const bool has_other_datacenter = !metadata_ || (metadata_->local_datacenter != metadata.local_datacenter &&
                                                     options_.cluster.local_datacenter.empty());
    base::log_info("the metadata service names {} nodes behind {}, datacenter {}", metadata.contact_points.size(),
                   net::to_text(metadata.sni_proxy), metadata.local_datacenter);
    metadata_ = std::move(metadata);
    const nodes::SniProxy proxy{metadata_->sni_proxy, metadata_->contact_points};
    if (!has_other_datacenter) {
        watch_->connection().set_sni_proxy(proxy);
        return;
    }
    nodes::ClusterOptions cluster = options_.cluster;
    cluster.sni_proxy = proxy;
    if (cluster.local_datacenter.empty()) cluster.local_datacenter = metadata_->local_datacenter;
    watch(std::move(cluster));
}

void Control::watch(nodes::ClusterOptions cluster) {
    relay::ClusterWatchOptions options;
    options.control.cluster = std::move(cluster);
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
        if (is_connected) {
            unconnected_since_.reset();
        } else if (!unconnected_since_) {
            unconnected_since_ = loop_.now();
            if (options_.metadata_service) ask_metadata_in(ask_after_loss);
        }
    };
    callbacks.on_first_round = [this](const base::Result<void>& result) {
        if (!result) first_round_is_over(result);
    };
    watch_ = std::make_unique<relay::ClusterWatch>(loop_, std::move(options), std::move(callbacks));
    watch_->start();
}

void Control::first_round_is_over(const base::Result<void>& result) {
    if (!std::exchange(is_first_round_over_, true)) callbacks_.on_first_round(result);
}

}  // namespace crossfade::connect
