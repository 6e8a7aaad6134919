#include "proxy/connected_clients.hpp"

namespace crossfade::proxy {

ClientKind ConnectedClients::came(ClientKind kind, std::int64_t now_us) {
    const std::lock_guard lock(mutex_);
    if (!groups_.contains(kind) && groups_.size() >= most_) kind = {};
    Group& group = groups_[kind];
    if (group.since_us == 0) {
        group.kind = kind;
        group.since_us = now_us;
    }
    ++group.connections;
    group.last_us = now_us;
    return kind;
}

void ConnectedClients::gone(const ClientKind& kind) {
    const std::lock_guard lock(mutex_);
    const auto found = groups_.find(kind);
    if (found == groups_.end()) return;
    if (--found->second.connections == 0 && !keeps_gone_) groups_.erase(found);
}

void ConnectedClients::keep_gone(bool keeps) {
    const std::lock_guard lock(mutex_);
    keeps_gone_ = keeps;
    if (!keeps) std::erase_if(groups_, [](const auto& group) { return group.second.connections == 0; });
}

std::vector<ConnectedClients::Group> ConnectedClients::groups() const {
    std::vector<Group> list;
    const std::lock_guard lock(mutex_);
    for (const auto& [kind, group] : groups_) list.push_back(group);
    return list;
}

}  // namespace crossfade::proxy
