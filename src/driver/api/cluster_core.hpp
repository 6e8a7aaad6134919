// What a public Cluster stands on: the checked options, the loop, the sessions that are open.
#pragma once

#include <memory>
#include <mutex>
#include <stop_token>
#include <string>
#include <vector>

#include "driver/api/session_core.hpp"

namespace crossfade::driver {

// Any thread.
class ClusterCore : public std::enable_shared_from_this<ClusterCore> {
public:
    ClusterCore(std::shared_ptr<LoopLease> lease, std::shared_ptr<const SessionSetup> setup)
        : lease_(std::move(lease)), setup_(std::move(setup)) {}

    const std::shared_ptr<LoopThread>& thread() const { return lease_->thread; }
    void connect(std::string keyspace, Callback<crossfade::Session> done);
    void close();

private:
    void connected(Outcome<std::shared_ptr<SessionCore>> core, const Callback<crossfade::Session>& done);

    const std::shared_ptr<LoopLease> lease_;
    const std::shared_ptr<const SessionSetup> setup_;
    std::mutex mutex_;
    std::vector<std::weak_ptr<SessionCore>> sessions_;
    int connecting_ = 0;
    std::stop_source stop_connecting_;  // requested on the loop's thread
    bool is_closed_ = false;
};

// Until the application has said what to write (set_log_level()): warnings and errors alone.
void be_quiet_unless_told();

// The checked options as the internal session takes them. Throws Error (bad_configuration).
std::shared_ptr<const SessionSetup> setup_of(const ClusterOptions& options);

}  // namespace crossfade::driver
