#include "gateway/newcomers.hpp"

#include <algorithm>

namespace crossfade::gateway {

std::size_t Newcomers::share_of(std::size_t loops) {
    return std::max(fewest_of_loop, most_of_gateway / std::max<std::size_t>(loops, 1));
}

Session* Newcomers::add(Session& session, const std::string& host) {
    Waiting& waiting = hosts_[host];
    waiting.push_back(&session);
    places_.emplace(&session, Place{host, std::prev(waiting.end()), next_number_++});
    if (places_.size() <= most_) return nullptr;
    // Of hosts that have the same number, the one whose oldest has had most time.
    const auto most = std::max_element(hosts_.begin(), hosts_.end(), [this](const auto& one, const auto& other) {
        if (one.second.size() != other.second.size()) return one.second.size() < other.second.size();
        return places_.at(one.second.front()).number > places_.at(other.second.front()).number;
    });
    Session* const oldest = most->second.front();
    remove(*oldest);
    return oldest;
}

void Newcomers::remove(const Session& session) {
    const auto place = places_.find(&session);
    if (place == places_.end()) return;
    const auto host = hosts_.find(place->second.host);
    host->second.erase(place->second.at);
    if (host->second.empty()) hosts_.erase(host);
    places_.erase(place);
}

}  // namespace crossfade::gateway
