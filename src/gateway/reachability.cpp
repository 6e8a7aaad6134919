#include "gateway/reachability.hpp"

#include <algorithm>
#include <utility>

#include "base/log.hpp"

namespace crossfade::gateway {

struct Reachability::Tried {
    explicit Tried(net::Loop& loop) : again(loop) {}

    bool is_reachable = true;
    std::unique_ptr<net::PendingConnect> connecting;  // while a try is under way
    net::Timer again;
};

Reachability::Reachability(net::Loop& loop, std::function<void()> changed)
    : loop_(loop), changed_(std::move(changed)) {}

Reachability::~Reachability() = default;

const nodes::Node* Reachability::find(const nodes::Uuid& host_id) const {
    if (topology_ == nullptr) return nullptr;
    const auto found = std::ranges::find(topology_->nodes, host_id, &nodes::Node::host_id);
    return found == topology_->nodes.end() ? nullptr : &*found;
}

void Reachability::set_topology(std::shared_ptr<const nodes::Topology> topology) {
    topology_ = std::move(topology);
    std::erase_if(tried_, [&](const auto& one) { return find(one.first) == nullptr; });
    tell_those_who_wait();
}

void Reachability::try_all() {
    if (topology_ == nullptr) return;
    for (const nodes::Node& node : topology_->nodes) try_one(node.host_id);
}

bool Reachability::is_reachable(const nodes::Uuid& host_id) const {
    const auto found = tried_.find(host_id);
    return found == tried_.end() || found->second->is_reachable;
}

void Reachability::try_one(const nodes::Uuid& host_id) {
    const nodes::Node* const node = find(host_id);
    if (node == nullptr) return;
    std::unique_ptr<Tried>& one = tried_[host_id];
    if (one == nullptr) one = std::make_unique<Tried>(loop_);
    if (one->connecting != nullptr) return;
    one->again.cancel();
    net::ConnectOptions options;
    options.timeout = patience;
    one->connecting = net::connect(loop_, node->address, options,
                                   [this, host_id](const base::Result<std::unique_ptr<net::Stream>>& stream) {
                                       ended(host_id, stream ? base::Result<void>() : base::fail(stream.error()));
                                   });
}

// `host_id` is of whoever connected, and ends with that.
void Reachability::ended(const nodes::Uuid& host_id, const base::Result<void>& how) {
    const nodes::Uuid whose = host_id;
    Tried& one = *tried_.at(whose);
    one.connecting.reset();
    const bool was_reachable = std::exchange(one.is_reachable, bool(how));
    if (!how) one.again.start(again_after, [this, whose] { try_one(whose); });
    if (was_reachable != one.is_reachable) {
        const std::string datacenter = find(whose)->datacenter;
        if (how)
            base::log_info("the node {} in {} can be reached again", nodes::to_text(whose), datacenter);
        else
            base::log_warning("the node {} in {} cannot be reached, and applications are not told of it: {}",
                              nodes::to_text(whose), datacenter, how.error().message);
        changed_();
    }
    tell_those_who_wait();
}

void Reachability::when_tried(std::function<void()> then) {
    waiting_.push_back(std::move(then));
    tell_those_who_wait();
}

void Reachability::tell_those_who_wait() {
    if (std::ranges::any_of(tried_, [](const auto& one) { return one.second->connecting != nullptr; })) return;
    for (const auto& then : std::exchange(waiting_, {})) then();
}

}  // namespace crossfade::gateway
