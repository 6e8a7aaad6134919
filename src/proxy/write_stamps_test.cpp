#include "proxy/write_stamps.hpp"

#include <gtest/gtest.h>

#include <set>
#include <thread>
#include <vector>

namespace crossfade::proxy {
namespace {

class SetClock final : public base::Clock {
public:
    std::chrono::steady_clock::time_point now() const override { return {}; }
    std::int64_t wall_microseconds() const override { return wall; }
    std::int64_t wall = 1'000'000;
};

TEST(WriteStamps, RiseAlsoWhenTheClockStandsStillOrStepsBack) {
    SetClock clock;
    WriteStamps stamps(clock);
    EXPECT_EQ(stamps.next(), 1'000'000);
    EXPECT_EQ(stamps.next(), 1'000'001);
    clock.wall = 5;
    EXPECT_EQ(stamps.next(), 1'000'002);
    clock.wall = 2'000'000;
    EXPECT_EQ(stamps.next(), 2'000'000);
}

TEST(WriteStamps, NeverRunAheadOfTheSlowerCluster) {
    SetClock clock;
    WriteStamps stamps(clock);
    stamps.set_measured(0, -50'000, 1'000);
    stamps.set_measured(1, -300'000, 2'000);
    EXPECT_EQ(stamps.next(), 1'000'000 - 298'000);
}

TEST(WriteStamps, StayAtOurClockWhenTheClustersAreAhead) {
    SetClock clock;
    WriteStamps stamps(clock);
    stamps.set_measured(0, 700'000, 1'000);
    stamps.set_measured(1, 900'000, 1'000);
    EXPECT_EQ(stamps.next(), 1'000'000);
}

TEST(WriteStamps, AreGivenOnceOverAllThreads) {
    SetClock clock;
    WriteStamps stamps(clock);
    std::vector<std::vector<std::int64_t>> taken(4);
    std::vector<std::thread> threads;
    for (auto& mine : taken)
        threads.emplace_back([&] {
            for (int i = 0; i < 20000; ++i) mine.push_back(stamps.next());
        });
    for (auto& thread : threads) thread.join();
    std::set<std::int64_t> all;
    for (const auto& mine : taken) {
        EXPECT_TRUE(std::is_sorted(mine.begin(), mine.end()));
        all.insert(mine.begin(), mine.end());
    }
    EXPECT_EQ(all.size(), 80000U);
}

}  // namespace
}  // namespace crossfade::proxy
