// Asks the other proxies of a fleet where they stand.
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "net/loop.hpp"
#include "proxy/dual_policy.hpp"

namespace crossfade::proxy {

// Has a thread of its own. Outlived by the loop.
class SiblingStates {
public:
    using Done = std::function<void(std::vector<PhaseState>)>;
    SiblingStates(net::Loop& loop, std::vector<std::string> admin_urls);
    // Ends soon, also while a sibling keeps silent; what was asked for and has no answer yet gets none. Any thread.
    ~SiblingStates();

    // Asks each admin URL for GET /phase (2 s each) and completes on the loop with those that answered in full. What is
    // asked for while an asking is under way gets an asking of its own after it. Any thread.
    void ask(Done done);

private:
    void work(const std::stop_token& stop);
    std::vector<PhaseState> ask_all(const std::stop_token& stop) const;

    net::Loop& loop_;
    const std::vector<std::string> urls_;
    std::mutex mutex_;
    std::condition_variable_any changed_;
    std::vector<Done> waiting_;
    std::jthread thread_;  // last: it uses the others, and asks for its own stop when it is destroyed
};

}  // namespace crossfade::proxy
