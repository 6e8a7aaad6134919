// A loop that a test drives on its own thread until something is the case. For net's tests only.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <functional>

#include "net/loop.hpp"

namespace crossfade::net {

class TestingLoop : public Loop {
public:
    // Runs turns until `is_so`, looked at after each turn; fails the test after `within`. Gives whether it came to be.
    bool run_until(std::function<bool()> is_so, std::chrono::seconds within = std::chrono::seconds(20)) {
        const auto give_up = Clock::now() + within;
        bool is = false;
        std::function<void()> look = [&] {
            is = is_so();
            if (is || Clock::now() > give_up)
                stop();
            else
                post(look);
        };
        post(look);
        run();
        if (!is) ADD_FAILURE() << "it did not come to be within " << within.count() << " s";
        return is;
    }
    // Runs a few turns: whatever is ready, and what that makes ready, happens.
    void run_turns(int turns = 5) {
        run_until([&turns] { return turns-- <= 0; });
    }
};

}  // namespace crossfade::net
