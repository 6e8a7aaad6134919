// A pause of a coroutine on a loop.
#pragma once

#include <chrono>
#include <coroutine>

#include "net/loop.hpp"

namespace crossfade::driver {

// Make it a named local and `co_await` it once. Never early, late by a tick of the loop's wheel.
class Pause {
public:
    Pause(net::Loop& loop, std::chrono::milliseconds length) : timer_(loop), length_(length) {}

    bool await_ready() const { return false; }
    void await_suspend(std::coroutine_handle<> waiting) {
        timer_.start(length_, [waiting] { waiting.resume(); });
    }
    void await_resume() const {}

private:
    net::Timer timer_;
    const std::chrono::milliseconds length_;
};

}  // namespace crossfade::driver
