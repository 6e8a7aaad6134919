#include "net/resolver.hpp"

#include <netdb.h>

#include <condition_variable>
#include <cstring>
#include <deque>
#include <memory>
#include <mutex>
#include <thread>

namespace crossfade::net {
namespace {

// Threads that wait for names. Never destroyed: the system's resolver cannot be interrupted, and a program does not
// wait for it to end.
class ResolverThreads {
public:
    static ResolverThreads& of_process() {
        static auto* const threads = new ResolverThreads;
        return *threads;
    }

    void add(std::function<void()> job) {
        const std::lock_guard lock(mutex_);
        jobs_.push_back(std::move(job));
        if (idle_ < jobs_.size() && count_ < most_threads) {
            ++count_;
            std::thread([this] { work(); }).detach();
        }
        has_job_.notify_one();
    }

private:
    static constexpr std::size_t most_threads = 8;  // so that a name server that hangs holds up only so many

    void work() {
        std::unique_lock lock(mutex_);
        for (;;) {
            ++idle_;
            has_job_.wait(lock, [this] { return !jobs_.empty(); });
            --idle_;
            auto job = std::move(jobs_.front());
            jobs_.pop_front();
            lock.unlock();
            job();
            job = nullptr;
            lock.lock();
        }
    }

    std::mutex mutex_;
    std::condition_variable has_job_;
    std::deque<std::function<void()>> jobs_;
    std::size_t count_ = 0, idle_ = 0;
};

}  // namespace

base::Result<std::vector<Endpoint>> resolve(const Address& address) {
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = AI_NUMERICSERV;
    addrinfo* found = nullptr;
    const int error = getaddrinfo(address.host.c_str(), std::to_string(address.port).c_str(), &hints, &found);
    if (error != 0)
        return base::fail(base::ErrorKind::connection,
                          "the name '" + address.host + "' does not resolve: " + gai_strerror(error));
    std::vector<Endpoint> endpoints;
    for (const addrinfo* one = found; one != nullptr; one = one->ai_next) {
        if (one->ai_addrlen > sizeof(sockaddr_storage)) continue;
        Endpoint endpoint;
        endpoint.size = one->ai_addrlen;
        std::memcpy(&endpoint.storage, one->ai_addr, one->ai_addrlen);
        endpoints.push_back(endpoint);
    }
    freeaddrinfo(found);
    return endpoints;
}

void resolve_later(const Poster& loop, const Address& address,
                   std::function<void(base::Result<std::vector<Endpoint>>)> done) {
    ResolverThreads::of_process().add([loop, address, done = std::move(done)]() mutable {
        loop.post([result = resolve(address), done = std::move(done)]() mutable { done(std::move(result)); });
    });
}

base::Result<std::vector<Address>> addresses_of(const Address& address) {
    if (endpoint_of_literal(address)) return std::vector<Address>{address};
    const auto endpoints = resolve(address);
    if (!endpoints) return base::fail(endpoints.error());
    std::vector<Address> addresses;
    for (const Endpoint& endpoint : *endpoints) addresses.push_back(endpoint.address());
    return addresses;
}

}  // namespace crossfade::net
