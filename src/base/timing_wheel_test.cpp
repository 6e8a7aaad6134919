#include "base/timing_wheel.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <random>
#include <vector>

namespace crossfade::base {
namespace {

using std::chrono::milliseconds;

class Deadline final : public WheelEntry {
public:
    explicit Deadline(std::function<void()> expired = {}) : expired_(std::move(expired)) {}
    int times = 0;

private:
    void on_expired() override {
        ++times;
        if (expired_) expired_();
    }
    std::function<void()> expired_;
};

class TimingWheelTest : public testing::Test {
protected:
    TimingWheel::TimePoint at(milliseconds after) const { return start + after; }
    const TimingWheel::TimePoint start = TimingWheel::TimePoint(std::chrono::hours(1));
    TimingWheel wheel{start};
};

TEST_F(TimingWheelTest, ExpiresOnceNeverEarlyAndAtMostOneTickLate) {
    for (int after = 1; after <= 100; ++after) {
        TimingWheel fresh{start};
        Deadline deadline;
        fresh.arm(deadline, at(milliseconds(after)));
        for (int now = 0; now <= 200; ++now) {
            fresh.advance(at(milliseconds(now)));
            if (now < after) {
                ASSERT_EQ(deadline.times, 0) << after << " at " << now;
            } else if (now >= after + 9) {
                ASSERT_EQ(deadline.times, 1) << after << " at " << now;
            }
        }
    }
}

TEST_F(TimingWheelTest, DeadlinesBeyondOneTurnOfTheWheelWaitForTheirs) {
    Deadline deadline;
    const milliseconds day = std::chrono::hours(24);
    wheel.arm(deadline, at(day));
    for (milliseconds now{0}; now < day; now += milliseconds(7919)) {
        wheel.advance(at(now));
        ASSERT_EQ(deadline.times, 0) << now.count();
    }
    wheel.advance(at(day));
    EXPECT_EQ(deadline.times, 1);
}

TEST_F(TimingWheelTest, DisarmedOrDestroyedOnesDoNotExpire) {
    Deadline disarmed;
    auto destroyed = std::make_unique<Deadline>([] { FAIL() << "it is gone"; });
    wheel.arm(disarmed, at(milliseconds(50)));
    wheel.arm(*destroyed, at(milliseconds(50)));
    EXPECT_TRUE(disarmed.is_armed());
    disarmed.disarm();
    destroyed.reset();
    wheel.advance(at(milliseconds(500)));
    EXPECT_EQ(disarmed.times, 0);
    EXPECT_FALSE(disarmed.is_armed());
}

TEST_F(TimingWheelTest, ArmingAgainReplacesTheDeadline) {
    Deadline deadline;
    wheel.arm(deadline, at(milliseconds(20)));
    wheel.arm(deadline, at(milliseconds(500)));
    wheel.advance(at(milliseconds(490)));
    EXPECT_EQ(deadline.times, 0);
    wheel.advance(at(milliseconds(500)));
    EXPECT_EQ(deadline.times, 1);
}

TEST_F(TimingWheelTest, CallbackMayDisarmOrDestroyOthersOfItsTick) {
    Deadline other;
    auto victim = std::make_unique<Deadline>();
    Deadline first([&] {
        other.disarm();
        victim.reset();
    });
    // The last one armed is the first to expire or not: both orders are tried.
    wheel.arm(other, at(milliseconds(30)));
    wheel.arm(*victim, at(milliseconds(30)));
    wheel.arm(first, at(milliseconds(30)));
    Deadline late_other;
    Deadline late_first([&] { late_other.disarm(); });
    wheel.arm(late_first, at(milliseconds(30)));
    wheel.arm(late_other, at(milliseconds(30)));
    wheel.advance(at(milliseconds(30)));
    EXPECT_EQ(first.times + late_first.times, 2);
    EXPECT_EQ(other.times + late_other.times, 1);
    EXPECT_EQ(victim, nullptr);
}

TEST_F(TimingWheelTest, CallbackMayArmItselfAgainAndWaitsForItsNextTick) {
    std::unique_ptr<Deadline> repeating;
    repeating = std::make_unique<Deadline>([&] { wheel.arm(*repeating, start); });
    wheel.arm(*repeating, at(milliseconds(10)));
    wheel.advance(at(milliseconds(10)));
    EXPECT_EQ(repeating->times, 1);
    wheel.advance(at(milliseconds(50)));
    EXPECT_EQ(repeating->times, 5);
}

TEST_F(TimingWheelTest, LongPauseExpiresEverythingThatIsDue) {
    std::vector<std::unique_ptr<Deadline>> deadlines;
    for (int i = 1; i <= 10000; ++i) {
        deadlines.push_back(std::make_unique<Deadline>());
        wheel.arm(*deadlines.back(), at(milliseconds(i * 10)));
    }
    Deadline later;
    wheel.arm(later, at(std::chrono::hours(2)));
    wheel.advance(at(std::chrono::hours(1)));
    for (const auto& deadline : deadlines) ASSERT_EQ(deadline->times, 1);
    EXPECT_EQ(later.times, 0);
}

TEST_F(TimingWheelTest, NextIsNeverAfterTheFirstDeadline) {
    EXPECT_EQ(wheel.next(), std::nullopt);
    Deadline deadline;
    wheel.arm(deadline, at(milliseconds(995)));
    EXPECT_EQ(wheel.next(), at(milliseconds(1000)));
    Deadline sooner;
    wheel.arm(sooner, at(milliseconds(20)));
    EXPECT_EQ(wheel.next(), at(milliseconds(20)));
    sooner.disarm();
    EXPECT_EQ(wheel.next(), at(milliseconds(1000)));
    deadline.disarm();
    EXPECT_EQ(wheel.next(), std::nullopt);
}

TEST_F(TimingWheelTest, FollowingNextAloneExpiresEverythingOnTimeWithFewLooks) {
    std::mt19937 random(7);
    std::vector<std::pair<milliseconds, std::unique_ptr<Deadline>>> deadlines;
    milliseconds now{0};
    int looks = 0;
    for (int i = 0; i < 300; ++i) {
        const milliseconds after(1 + static_cast<int>(random() % 200000U));
        deadlines.emplace_back(after, std::make_unique<Deadline>());
        wheel.arm(*deadlines.back().second, at(after));
    }
    while (const auto next = wheel.next()) {
        now = std::chrono::duration_cast<milliseconds>(*next - start);
        wheel.advance(*next);
        ++looks;
        for (const auto& [due, deadline] : deadlines) {
            if (deadline->times == 1) {
                ASSERT_GE(now, due);
            } else {
                ASSERT_GT(due, now - milliseconds(10));
            }
        }
        ASSERT_LT(looks, 2000);
    }
    for (const auto& [due, deadline] : deadlines) EXPECT_EQ(deadline->times, 1);
}

}  // namespace
}  // namespace crossfade::base
