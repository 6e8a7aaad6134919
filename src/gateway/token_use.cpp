#include "gateway/token_use.hpp"

#include <algorithm>

namespace crossfade::gateway {

bool TokenUse::open(std::uint32_t most) {
    if (++connections_ <= most || most == 0) return true;
    --connections_;
    return false;
}

std::optional<std::chrono::milliseconds> TokenUse::take(Time now, std::uint32_t per_second) {
    using std::chrono::nanoseconds;
    constexpr nanoseconds at_once = std::chrono::milliseconds(100);
    const nanoseconds each(std::chrono::nanoseconds(std::chrono::seconds(1)).count() / per_second);
    const std::lock_guard guard(mutex_);
    const Time next = std::max(next_, now - at_once) + each;
    const nanoseconds wait = next - now;
    if (wait > longest_wait) return std::nullopt;
    next_ = next;
    return std::chrono::ceil<std::chrono::milliseconds>(std::max(wait, nanoseconds(0)));
}

std::shared_ptr<TokenUse> TokenUses::of(const std::string& client_id) {
    const std::lock_guard guard(mutex_);
    std::erase_if(uses_, [](const auto& one) { return one.second.expired(); });
    auto& known = uses_[client_id];
    auto use = known.lock();
    if (use == nullptr) known = use = std::make_shared<TokenUse>();
    return use;
}

}  // namespace crossfade::gateway
