#include "cli/point_in_time.hpp"

#include <gtest/gtest.h>

#include <string>

namespace crossfade::cli {
namespace {

constexpr std::chrono::sys_seconds now{std::chrono::seconds(1'780'056'000)};  // 2026-05-29 12:00

TEST(PointInTime, IsATimeFromNowOnOrADay) {
    EXPECT_EQ(*parse_expiry("45s", now) - now, std::chrono::seconds(45));
    EXPECT_EQ(*parse_expiry("30m", now) - now, std::chrono::minutes(30));
    EXPECT_EQ(*parse_expiry("12h", now) - now, std::chrono::hours(12));
    EXPECT_EQ(*parse_expiry("90d", now) - now, std::chrono::days(90));
    EXPECT_EQ(*parse_expiry("2026-05-30", now) - now, std::chrono::hours(12));
}

TEST(PointInTime, AnythingElseIsRefused) {
    for (const std::string text : {"", "d", "90", "-1d", "0s", "1w", "2026-05-29", "2026-13-01", "2026-02-30",
                                   "99999999999999999999d", "99999999999d"})
        EXPECT_FALSE(parse_expiry(text, now)) << text;
}

}  // namespace
}  // namespace crossfade::cli
