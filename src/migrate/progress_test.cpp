#include "migrate/progress.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

namespace crossfade::migrate {
namespace {

class SetClock : public base::Clock {
public:
    std::chrono::steady_clock::time_point now() const override { return now_; }
    std::int64_t wall_microseconds() const override { return 0; }
    void pass(std::chrono::milliseconds time) { now_ += time; }

private:
    std::chrono::steady_clock::time_point now_{std::chrono::hours(1)};
};

TEST(Progress, PlainLinesEveryTwoSeconds) {
    SetClock clock;
    std::ostringstream out;
    Progress progress(out, false, clock);
    progress.begin_table("ks.t", 2, 3, 10, 0);
    for (int i = 0; i < 25; ++i) {
        clock.pass(std::chrono::milliseconds(200));
        progress.add_rows(400);
        if (i == 4) progress.finish_part();
        progress.tick();
    }
    EXPECT_EQ(out.str(),
              "ks.t 2/3 · 10 % · 4,000 rows · 2,000 rows/s · 18 s left\nks.t 2/3 · 10 % · 8,000 rows · 2,000 rows/s · "
              "36 s left\n");
}

TEST(Progress, OneLineOnATerminal) {
    SetClock clock;
    std::ostringstream out;
    Progress progress(out, true, clock);
    progress.begin_table("ks.t", 1, 1, 4, 3);
    clock.pass(std::chrono::seconds(1));
    progress.add_rows(5);
    progress.tick();
    EXPECT_EQ(out.str(), "\rks.t · 75 % · 5 rows · 5 rows/s · time left not known yet");
    out.str("");
    progress.clear();
    EXPECT_EQ(out.str().front(), '\r');
    EXPECT_EQ(out.str().back(), '\r');
    EXPECT_THAT(out.str(), testing::Not(testing::HasSubstr("\n")));
}

TEST(Progress, WhatAnEarlierRunDidDoesNotMakeThisOneLookFast) {
    SetClock clock;
    std::ostringstream out;
    Progress progress(out, false, clock);
    progress.begin_table("ks.t", 1, 1, 100, 90);
    clock.pass(std::chrono::seconds(10));
    progress.finish_part();
    EXPECT_THAT(progress.line(), testing::HasSubstr("91 %"));
    EXPECT_THAT(progress.line(), testing::HasSubstr("1 min 30 s left"));
}

TEST(Texts, NumbersAndDurations) {
    EXPECT_EQ(with_thousands(0), "0");
    EXPECT_EQ(with_thousands(999), "999");
    EXPECT_EQ(with_thousands(1000), "1,000");
    EXPECT_EQ(with_thousands(1234567), "1,234,567");
    EXPECT_EQ(duration_text(0.2), "0 s");
    EXPECT_EQ(duration_text(61), "1 min 1 s");
    EXPECT_EQ(duration_text(3600 * 5 + 59), "5 h 0 min");
}

}  // namespace
}  // namespace crossfade::migrate
