// What stands behind net::Loop. For net's own sources only.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <vector>

#include "base/timing_wheel.hpp"
#include "net/loop.hpp"

namespace crossfade::net {

struct Loop::Implementation {
    Implementation() : wheel(Clock::now()), wheel_timer(context) {}

    void run_hooks();
    void arm_wheel();

    boost::asio::io_context context{1};
    std::vector<TurnEnd*> hooks, running_hooks;
    bool hooks_are_posted = false;
    base::TimingWheel wheel;
    boost::asio::steady_timer wheel_timer;
    std::size_t armed_timers = 0;
    bool wheel_is_armed = false;
};

}  // namespace crossfade::net
