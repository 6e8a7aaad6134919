// Slows down whoever logs in with what is no token. Those with a good one never wait, whoever else comes from their
// address: a token cannot be guessed, so what is to be kept small is only the noise.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <unordered_map>

namespace crossfade::gateway {

// One for each loop. Pure: the caller waits.
class LoginThrottle {
public:
    using Time = std::chrono::steady_clock::time_point;
    static constexpr std::chrono::milliseconds first_wait{100}, longest_wait{5000};
    static constexpr std::chrono::minutes forgotten_after{5};
    static constexpr std::size_t most_addresses = 10'000;
    static constexpr std::size_t most_waiting = 1000;

    // A wrong login from `host`: how long its refusal waits. Doubles with each one; zero when too many wait already, so
    // that they cannot fill the gateway with connections that wait.
    std::chrono::milliseconds failed(const std::string& host, Time now);
    // One that waited has gone.
    void waited() { --waiting_; }
    std::uint64_t failures() const { return failures_; }

private:
    struct Address {
        std::uint32_t failures = 0;
        Time last{};
    };
    std::unordered_map<std::string, Address> addresses_;
    std::size_t waiting_ = 0;
    std::uint64_t failures_ = 0;
};

}  // namespace crossfade::gateway
