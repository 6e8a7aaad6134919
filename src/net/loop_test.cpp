#include "net/loop.hpp"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "net/testing_loop.hpp"

namespace crossfade::net {
namespace {

using namespace std::chrono_literals;

class Hook final : public TurnEnd {
public:
    explicit Hook(std::function<void()> ended) : ended_(std::move(ended)) {}
    void turn_ended() override { ended_(); }

private:
    std::function<void()> ended_;
};

TEST(Loop, RunsTasksOfAThreadInOrderAndNeverInsidePost) {
    TestingLoop loop;
    std::string order;
    loop.post([&] {
        loop.post([&] { order += "c"; });
        order += "a";
    });
    loop.post([&] { order += "b"; });
    EXPECT_EQ(order, "");
    loop.run_until([&] { return order.size() == 3; });
    EXPECT_EQ(order, "abc");
}

TEST(Loop, PostFromAnotherThreadWakesASleepingLoop) {
    Loop loop;
    std::atomic<bool> is_running{false};
    std::thread::id ran_on;
    loop.post([&] { is_running = true; });
    std::thread other([&] {
        while (!is_running) std::this_thread::yield();
        loop.post([&] {
            ran_on = std::this_thread::get_id();
            loop.stop();
        });
    });
    loop.run();
    other.join();
    EXPECT_EQ(ran_on, std::this_thread::get_id());
}

TEST(Loop, ManyThreadsPostAndNothingIsLost) {
    Loop loop;
    constexpr int each = 20000;
    int ran = 0;
    std::vector<int> last(4, -1);
    std::vector<std::thread> threads;
    for (std::size_t t = 0; t < last.size(); ++t)
        threads.emplace_back([&, t] {
            for (int i = 0; i < each; ++i)
                loop.post([&, t, i] {
                    EXPECT_EQ(last[t], i - 1);
                    last[t] = i;
                    if (++ran == 4 * each) loop.stop();
                });
        });
    loop.run();
    for (auto& thread : threads) thread.join();
    EXPECT_EQ(ran, 4 * each);
}

TEST(Loop, StoppedBeforeItRunsItReturnsAndMayRunAgain) {
    Loop loop;
    loop.stop();
    loop.run();
    bool ran = false;
    loop.post([&] {
        ran = true;
        loop.stop();
    });
    loop.run();
    EXPECT_TRUE(ran);
}

TEST(Loop, TaskPostedBeforeAStoppedRunRunsInTheNext) {
    Loop loop;
    loop.post([&] { loop.stop(); });
    loop.run();
    bool ran = false;
    loop.post([&] {
        loop.post([&] {
            ran = true;
            loop.stop();
        });
        loop.stop();
    });
    loop.run();
    loop.run();
    EXPECT_TRUE(ran);
}

TEST(Loop, WhatTasksHoldGoesWithTheLoop) {
    auto held = std::make_shared<int>(1);
    const std::weak_ptr<int> watched = held;
    {
        Loop loop;
        loop.post([held = std::move(held)] {});
    }
    EXPECT_TRUE(watched.expired());
}

TEST(Poster, MayBeUsedWhenTheLoopHasGone) {
    auto loop = std::make_unique<TestingLoop>();
    const Poster poster = loop->poster();
    bool ran = false;
    poster.post([&] { ran = true; });
    loop->run_until([&] { return ran; });
    loop.reset();
    auto held = std::make_shared<int>(1);
    const std::weak_ptr<int> watched = held;
    poster.post([held = std::move(held)] { FAIL() << "the loop is gone"; });
    EXPECT_TRUE(watched.expired());
}

TEST(TurnEnd, ComesOnceATurnHoweverOftenItIsAskedFor) {
    TestingLoop loop;
    int times = 0;
    Hook hook([&] { ++times; });
    loop.post([&] {
        loop.at_turn_end(hook);
        loop.at_turn_end(hook);
        EXPECT_EQ(times, 0);
    });
    loop.post([&] {
        EXPECT_EQ(times, 0);  // the same turn
        loop.at_turn_end(hook);
    });
    loop.run_turns();
    EXPECT_EQ(times, 1);
}

TEST(TurnEnd, HookMayAskForItselfAndOthersAndTheyComeBeforeTheLoopWaits) {
    TestingLoop loop;
    std::string order;
    Hook second([&] { order += "2"; });
    int left = 3;
    std::unique_ptr<Hook> first;
    first = std::make_unique<Hook>([&] {
        order += "1";
        loop.at_turn_end(second);
        if (--left > 0) loop.at_turn_end(*first);
    });
    loop.post([&] {
        loop.at_turn_end(*first);
        loop.post([&] { EXPECT_EQ(order, "121212"); });
    });
    loop.run_turns();
    EXPECT_EQ(order, "121212");
}

TEST(TurnEnd, HookThatAlwaysAsksAgainDoesNotStarveTheRest) {
    TestingLoop loop;
    bool is_over = false;
    std::unique_ptr<Hook> greedy;
    greedy = std::make_unique<Hook>([&] {
        if (!is_over) loop.at_turn_end(*greedy);
    });
    Timer timer(loop);
    loop.post([&] {
        loop.at_turn_end(*greedy);
        timer.start(30ms, [&] { is_over = true; });
    });
    EXPECT_TRUE(loop.run_until([&] { return is_over; }));
}

TEST(TurnEnd, CancelledOneIsNotCalledEvenByAnotherHook) {
    TestingLoop loop;
    bool was_called = false;
    auto victim = std::make_unique<Hook>([&] { was_called = true; });
    Hook killer([&] {
        loop.cancel_turn_end(*victim);
        victim.reset();
    });
    loop.post([&] {
        loop.at_turn_end(killer);
        loop.at_turn_end(*victim);
    });
    loop.run_turns();
    EXPECT_FALSE(was_called);
}

TEST(Timer, IsNeverEarly) {
    TestingLoop loop;
    std::vector<std::unique_ptr<Timer>> timers;
    int expired = 0;
    for (int after = 0; after < 100; after += 7) {
        timers.push_back(std::make_unique<Timer>(loop));
        const auto began = Loop::Clock::now();
        timers.back()->start(std::chrono::milliseconds(after), [&, began, after] {
            ++expired;
            EXPECT_GE(Loop::Clock::now() - began, std::chrono::milliseconds(after));
        });
    }
    loop.run_until([&] { return expired == 15; });
}

TEST(Timer, LastStartCountsAndCancelledOrDestroyedOnesAreSilent) {
    TestingLoop loop;
    std::string order;
    Timer restarted(loop), cancelled(loop), last(loop);
    auto destroyed = std::make_unique<Timer>(loop);
    restarted.start(10ms, [&] { order += "x"; });
    restarted.start(30ms, [&] { order += "r"; });
    cancelled.start(10ms, [&] { order += "c"; });
    destroyed->start(10ms, [&] { order += "d"; });
    EXPECT_TRUE(cancelled.is_running());
    cancelled.cancel();
    EXPECT_FALSE(cancelled.is_running());
    destroyed.reset();
    last.start(80ms, [&] { order += "l"; });
    loop.run_until([&] { return order.ends_with("l"); });
    EXPECT_EQ(order, "rl");
    EXPECT_FALSE(last.is_running());
}

TEST(Timer, CallMayStartItAgainOrDestroyIt) {
    TestingLoop loop;
    int rounds = 0;
    auto timer = std::make_unique<Timer>(loop);
    const std::string captured(100, 'x');  // so that a freed closure is noticed
    std::function<void()> expired = [&, captured] {
        if (++rounds < 3) {
            timer->start(1ms, expired);
        } else {
            timer.reset();
            EXPECT_EQ(captured.size(), 100U);
        }
    };
    timer->start(1ms, expired);
    loop.run_until([&] { return timer == nullptr; });
    EXPECT_EQ(rounds, 3);
}

long waits_of_this_thread() {
    rusage usage{};
    getrusage(RUSAGE_THREAD, &usage);
    return usage.ru_nvcsw;
}

TEST(Timer, LoopSleepsUntilTheNextOneInsteadOfTicking) {
    Loop loop;
    Timer timer(loop);
    timer.start(500ms, [&] { loop.stop(); });
    const long before = waits_of_this_thread();
    loop.run();
    EXPECT_LT(waits_of_this_thread() - before, 10);  // a tick every 10 ms would be 50
}

TEST(Timer, OneStartedByAnEventWakesALoopThatHadNone) {
    Loop loop;
    Timer timer(loop);
    std::thread other([&] { loop.post([&] { timer.start(20ms, [&] { loop.stop(); }); }); });
    loop.run();
    other.join();
    SUCCEED();
}

TEST(Loop, NowStandsStillInsideATurn) {
    TestingLoop loop;
    bool is_done = false;
    loop.post([&] {
        const auto began = loop.now();
        while (Loop::Clock::now() - began < 2ms) {
        }
        EXPECT_EQ(loop.now(), began);
        loop.post([&, began] {
            EXPECT_GT(loop.now(), began);
            is_done = true;
        });
    });
    loop.run_until([&] { return is_done; });
}

}  // namespace
}  // namespace crossfade::net
