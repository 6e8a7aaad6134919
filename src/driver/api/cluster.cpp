#include "crossfade/cluster.hpp"

#include <algorithm>

#include "crossfade/event_loop.hpp"
#include "driver/api/cluster_core.hpp"

namespace crossfade {
namespace driver {

void ClusterCore::connect(std::string keyspace, Callback<crossfade::Session> done) {
    {
        const std::lock_guard lock(mutex_);
        if (!is_closed_) {
            ++connecting_;
            // Bound to this: the cluster stays while it connects.
            thread()->loop().post([self = shared_from_this(), keyspace = std::move(keyspace), done = std::move(done)] {
                SessionCore::open(self->lease_, self->setup_, keyspace, self->stop_connecting_.get_token(),
                                  [self, done](Outcome<std::shared_ptr<SessionCore>> core) {
                                      self->connected(std::move(core), done);
                                  });
            });
            return;
        }
    }
    done(Error(ErrorCode::closed, "the cluster is closed"));
}

void ClusterCore::connected(Outcome<std::shared_ptr<SessionCore>> core, const Callback<crossfade::Session>& done) {
    bool is_too_late = false;
    {
        const std::lock_guard lock(mutex_);
        --connecting_;
        is_too_late = is_closed_;
        std::erase_if(sessions_, [](const auto& session) { return session.expired(); });
        if (core && !is_too_late) sessions_.push_back(core.value());
    }
    thread()->wake();
    if (is_too_late) {
        if (core) core.value()->close();
        done(Error(ErrorCode::closed, "the cluster was closed"));
    } else if (!core) {
        done(core.error());
    } else {
        done(crossfade::Session(core.value()));
    }
}

void ClusterCore::close() {
    std::vector<std::weak_ptr<SessionCore>> sessions;
    {
        const std::lock_guard lock(mutex_);
        is_closed_ = true;
        sessions.swap(sessions_);
    }
    for (const auto& weak : sessions)
        if (const auto session = weak.lock()) session->close();
    thread()->call([this] { stop_connecting_.request_stop(); });
    // On the driver's own thread: it ends when the last session's handle is gone.
    if (thread()->is_current()) return;
    thread()->wait_until([this] {
        const std::lock_guard lock(mutex_);
        return connecting_ == 0;
    });
    // Whoever was told in a later turn has been told when this has run.
    thread()->call([] {});
    thread()->stop();
}

}  // namespace driver

Cluster Cluster::build_new_cluster(const ClusterOptions& options) {
    driver::be_quiet_unless_told();
    auto setup = driver::setup_of(options);
    EventLoop* const loop = options.settings().loop;
    auto thread = loop == nullptr ? driver::LoopThread::start() : loop->internal();
    auto lease = std::make_shared<driver::LoopLease>(std::move(thread));
    return Cluster(std::make_shared<driver::ClusterCore>(std::move(lease), std::move(setup)));
}

Session Cluster::connect(const std::string& keyspace) const {
    driver::Blocked<Session> blocked(core_->thread());
    core_->connect(keyspace, [&blocked](Outcome<Session> outcome) { blocked.complete(std::move(outcome)); });
    return blocked.wait().value();
}
void Cluster::connect(const std::string& keyspace, Callback<Session> done) const {
    core_->connect(keyspace, std::move(done));
}
Pending<Session> Cluster::async_connect(std::string keyspace, Executor resume_on) const {
    return Pending<Session>([core = core_, keyspace = std::move(keyspace)](
                                Callback<Session> done) { core->connect(keyspace, std::move(done)); },
                            std::move(resume_on));
}

void Cluster::close() const {
    core_->close();
}

}  // namespace crossfade
