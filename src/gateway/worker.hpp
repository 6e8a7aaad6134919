// One loop that serves clients: its thread, listeners and sessions.
#pragma once

#include <memory>
#include <thread>
#include <unordered_map>
#include <vector>

#include "gateway/session.hpp"
#include "net/lingering.hpp"

namespace crossfade::gateway {

// Made and joined by the main thread; other threads reach it by post() only.
class Worker final : public SessionOwner {
public:
    // One of `workers`.
    Worker(Shared& shared, FactsPtr facts, unsigned workers);
    ~Worker();  // stops and joins
    Worker(const Worker&) = delete;
    Worker& operator=(const Worker&) = delete;

    void start();
    void post(std::function<void(Worker&)> task);
    // Worker's thread, as everything below.
    base::Result<void> listen(const net::Address& on);
    // Takes no more connections, and ends those there are when what is under way is answered.
    void drain();
    std::size_t sessions() { return sessions_.size(); }
    // Whose last bytes are still on their way.
    std::size_t lingering() { return net::lingering_streams(loop_); }
    void set_facts(FactsPtr facts);

    net::Loop& loop() override { return loop_; }
    Shared& shared() override { return shared_; }
    const FactsPtr& facts() const override { return facts_; }
    LoginThrottle& throttle() override { return throttle_; }
    Newcomers& newcomers() override { return newcomers_; }
    void session_ended(Session& session) override;

private:
    void tick();
    void check_sessions();

    Shared& shared_;
    net::Loop loop_;
    FactsPtr facts_;
    LoginThrottle throttle_;
    Newcomers newcomers_;
    net::Timer second_{loop_};
    std::vector<std::unique_ptr<net::Listener>> listeners_;
    std::unordered_map<Session*, std::unique_ptr<Session>> sessions_;
    std::thread thread_;
};

// How both ports of a gateway speak TLS: with the certificates of the moment; failures go to the audit log.
net::TlsListening listening_of(Shared& shared, const char* port);

}  // namespace crossfade::gateway
