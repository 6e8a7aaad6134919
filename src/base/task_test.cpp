#include "base/task.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

namespace crossfade::base {
namespace {

Task<int> immediate(int value) {
    co_return value;
}

Task<std::string> waits_for(std::function<void(std::function<void(std::string)>)> start) {
    co_return co_await Completion<std::string>(start);
}

TEST(Task, RunsAtOnceAndGivesItsValue) {
    int seen = 0;
    auto outer = [](int& out) -> Task<void> { out = co_await immediate(7); }(seen);
    EXPECT_TRUE(outer.is_done());
    EXPECT_EQ(seen, 7);
}

TEST(Task, ResumesWhenTheCallbackComes) {
    std::function<void(std::string)> complete;
    auto task = waits_for([&](std::function<void(std::string)> done) { complete = std::move(done); });
    EXPECT_FALSE(task.is_done());
    complete("later");
    ASSERT_TRUE(task.is_done());
    EXPECT_EQ(task.await_resume(), "later");
}

TEST(Task, DetachedOneRunsToItsEndAndFreesWhatItHolds) {
    std::function<void(std::string)> complete;
    auto held = std::make_shared<int>(1);
    const std::weak_ptr<int> watched = held;
    {
        auto body = [](std::shared_ptr<int> keep,
                       std::function<void(std::function<void(std::string)>)> start) -> Task<void> {
            co_await waits_for(start);
            *keep = 2;
        };
        body(std::move(held), [&](std::function<void(std::string)> done) { complete = std::move(done); }).detach();
    }
    ASSERT_FALSE(watched.expired());
    complete("x");
    EXPECT_TRUE(watched.expired());
}

TEST(Task, ManySynchronousAwaitsDoNotGrowTheStack) {
    auto body = []() -> Task<long> {
        long sum = 0;
        for (int i = 0; i < 1000000; ++i) sum += co_await immediate(1);
        co_return sum;
    };
    auto task = body();
    EXPECT_EQ(task.await_resume(), 1000000);
}

}  // namespace
}  // namespace crossfade::base
