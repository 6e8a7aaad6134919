#include "gateway/login_throttle.hpp"

#include <algorithm>

namespace crossfade::gateway {

std::chrono::milliseconds LoginThrottle::failed(const std::string& host, Time now) {
    ++failures_;
    if (addresses_.size() >= most_addresses && !addresses_.contains(host)) {
        std::erase_if(addresses_, [&](const auto& one) { return now - one.second.last > forgotten_after; });
        if (addresses_.size() >= most_addresses) addresses_.clear();
    }
    Address& address = addresses_[host];
    if (now - address.last > forgotten_after) address.failures = 0;
    address.last = now;
    const std::uint32_t doublings = std::min<std::uint32_t>(address.failures++, 10);
    if (waiting_ >= most_waiting) return std::chrono::milliseconds(0);
    ++waiting_;
    return std::min(longest_wait, first_wait * (1 << doublings));
}

}  // namespace crossfade::gateway
