// How much each token is being used, over all loops: connections and requests.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>

namespace crossfade::gateway {

// Any thread.
class TokenUse {
public:
    using Time = std::chrono::steady_clock::time_point;
    // A request that would have to wait longer is not taken.
    static constexpr std::chrono::seconds longest_wait{5};

    // One more connection, unless there are `most` (0: any number).
    bool open(std::uint32_t most);
    void close() { --connections_; }
    std::uint32_t connections() const { return connections_.load(); }

    // One request, of `per_second` that may come evenly (a tenth of a second's worth at once): how long to wait before
    // the next one, zero while there is room. Nothing: too many wait already, and this one does not count.
    std::optional<std::chrono::milliseconds> take(Time now, std::uint32_t per_second);

private:
    std::atomic<std::uint32_t> connections_{0};
    std::mutex mutex_;
    Time next_{};  // when the next request would be on time
};

class TokenUses {
public:
    // Lives as long as somebody holds it.
    std::shared_ptr<TokenUse> of(const std::string& client_id);

private:
    std::mutex mutex_;
    std::unordered_map<std::string, std::weak_ptr<TokenUse>> uses_;
};

}  // namespace crossfade::gateway
