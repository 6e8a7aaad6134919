#include "connect/go_duration.hpp"

#include <gtest/gtest.h>

namespace crossfade::connect {
namespace {

using namespace std::chrono_literals;

TEST(GoDuration, IsReadAsGoWritesIt) {
    EXPECT_EQ(*parse_go_duration("30s"), 30s);
    EXPECT_EQ(*parse_go_duration("1m30s"), 90s);
    EXPECT_EQ(*parse_go_duration("500ms"), 500ms);
    EXPECT_EQ(*parse_go_duration("1.5h"), 90min);
    EXPECT_EQ(*parse_go_duration("2h0m0.5s"), 2h + 500ms);
    EXPECT_EQ(*parse_go_duration("1500us"), 1ms);
    EXPECT_EQ(*parse_go_duration("0"), 0ms);
}

TEST(GoDuration, AnythingElseIsNone) {
    for (const char* text : {"", "10", "s", "-1s", "1 s", "1x", "1s2", "nan", "inf", "1e9h", "9999999999999h", "1ss"})
        EXPECT_FALSE(parse_go_duration(text)) << text;
}

TEST(GoDuration, IsShownAsGoShowsIt) {
    EXPECT_EQ(to_go_duration(0ms), "0s");
    EXPECT_EQ(to_go_duration(250ms), "250ms");
    EXPECT_EQ(to_go_duration(1500ms), "1.5s");
    EXPECT_EQ(to_go_duration(62s), "1m2s");
    EXPECT_EQ(to_go_duration(2h + 50ms), "2h0m0.05s");
}

}  // namespace
}  // namespace crossfade::connect
