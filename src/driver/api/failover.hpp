// Where a session may be: the regions of its bundles, or the datacenters of one cluster; and how it gets from one to
// the next.
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "base/task.hpp"
#include "driver/session.hpp"
#include "net/loop.hpp"

namespace crossfade::driver {

struct SessionSetup;
class SessionCore;

// A session that is connected, and which of the places that is; they count from 0, the most wanted first.
struct Arrival {
    Arrival(std::shared_ptr<Session> at, std::size_t number) : session(std::move(at)), place(number) {}
    std::shared_ptr<Session> session;
    std::size_t place;
};

// To the first place that lets it in. What the first one said is told when none does; where a login is refused, or a
// datacenter does not exist, no other is tried. Errors: as Session::connect(), with the bundle's path. Loop's thread.
base::Task<base::Result<Arrival>> connect_to_first(net::Loop& loop, std::shared_ptr<const SessionSetup> setup,
                                                   std::string keyspace, std::stop_token stop);

// Notices that a session's place is lost: no connection, for a while. (Where the nodes of a bundle's region are now, its
// control connection asks.) After ClusterSettings::failover_after it moves the session to the first other place that can be
// reached, and from there back to one before it as soon as that is there again. Loop's thread only.
class Failover {
public:
    // `of` outlives it.
    Failover(SessionCore& of, std::shared_ptr<const SessionSetup> setup, std::size_t place);
    ~Failover();  // what it has begun ends before this returns
    Failover(const Failover&) = delete;
    Failover& operator=(const Failover&) = delete;

    // The last connection has ended.
    void lost();

private:
    void look();
    void look_again();
    void go_back_later();
    std::chrono::milliseconds lost_for() const;
    static base::Task<void> search(Failover& self, std::stop_token stop);
    static base::Task<void> go_back(Failover& self, std::stop_token stop);
    static base::Task<void> move_to_one_of(Failover& self, std::vector<std::size_t> places, std::stop_token stop);

    SessionCore& of_;
    const std::shared_ptr<const SessionSetup> setup_;
    std::size_t place_;
    std::optional<net::Loop::Clock::time_point> lost_since_;
    std::chrono::milliseconds pause_{0};
    bool is_busy_ = false;  // one coroutine at a time
    bool is_moving_back_ = false;
    net::Timer look_, back_;
    std::stop_source stop_;
};

}  // namespace crossfade::driver
