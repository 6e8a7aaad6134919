// How much is used, and what is slowed down.
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <vector>

#include "gateway/audit_log.hpp"
#include "gateway/login_throttle.hpp"
#include "gateway/token_use.hpp"

namespace crossfade::gateway {
namespace {

using namespace std::chrono_literals;
constexpr std::chrono::steady_clock::time_point start{std::chrono::hours(1)};

TEST(TokenUse, HasAsManyConnectionsAsItMay) {
    TokenUse use;
    EXPECT_TRUE(use.open(2) && use.open(2));
    EXPECT_FALSE(use.open(2));
    use.close();
    EXPECT_TRUE(use.open(2));
    EXPECT_TRUE(use.open(0));
    TokenUses uses;
    const auto held = uses.of("a");
    EXPECT_EQ(uses.of("a"), held);
    EXPECT_NE(uses.of("b"), held);
}

TEST(TokenUse, RequestsWaitFirstAndAreRefusedOnlyWhenTheWaitIsLong) {
    TokenUse use;
    for (int i = 0; i < 10; ++i) EXPECT_EQ(use.take(start, 100)->count(), 0) << i;
    EXPECT_EQ(*use.take(start, 100), 10ms);
    EXPECT_EQ(*use.take(start, 100), 20ms);
    EXPECT_EQ(use.take(start + 1s, 100)->count(), 0);
    int taken = 0;
    while (use.take(start + 2s, 100)) ++taken;
    EXPECT_EQ(taken, 510);  // a tenth of a second's, and what waits up to 5 s
    EXPECT_TRUE(use.take(start + 3s, 100));
}

TEST(LoginThrottle, WaitsTwiceAsLongEachTimeAndForgets) {
    LoginThrottle throttle;
    EXPECT_EQ(throttle.failed("a", start), 100ms);
    EXPECT_EQ(throttle.failed("a", start), 200ms);
    EXPECT_EQ(throttle.failed("b", start), 100ms);
    for (int i = 0; i < 10; ++i) throttle.failed("a", start);
    EXPECT_EQ(throttle.failed("a", start), 5000ms);
    EXPECT_EQ(throttle.failed("a", start + 6min), 100ms);
}

TEST(LoginThrottle, TenThousandWrongLoginsDoNotFillTheGateway) {
    LoginThrottle throttle;
    int waiting = 0;
    for (int i = 0; i < 10'000; ++i)
        if (throttle.failed("a", start).count() > 0) ++waiting;
    EXPECT_EQ(waiting, 1000);
    EXPECT_EQ(throttle.failures(), 10'000U);
    throttle.waited();
    EXPECT_GT(throttle.failed("a", start).count(), 0);
}

TEST(AuditLog, WritesLinesAndCountsWhatIsTooMuch) {
    const std::string path =
        (std::filesystem::temp_directory_path() / ("audit-" + std::to_string(::getpid()))).string();
    std::filesystem::remove(path);
    {
        AuditLog log(path);
        ASSERT_TRUE(log.open());
        for (int i = 0; i < 300; ++i) log.write("login_refused", base::JsonObject().field("peer", "a\nb"));
        log.write("login", base::JsonObject());
    }
    struct stat about {};
    ASSERT_EQ(::stat(path.c_str(), &about), 0);
    EXPECT_EQ(about.st_mode & 0777U, 0600U);
    std::ifstream file(path);
    std::vector<std::string> lines;
    for (std::string line; std::getline(file, line);) lines.push_back(line);
    ASSERT_EQ(lines.size(), 202U);
    // A flood of refused logins does not hide who got in.
    EXPECT_NE(lines[200].find("\"event\":\"login\"}"), std::string::npos) << lines[200];
    EXPECT_NE(lines[201].find("\"event\":\"left_out\",\"of\":\"login_refused\",\"lines\":100}"), std::string::npos)
        << lines[201];
    std::filesystem::remove(path);
}

}  // namespace
}  // namespace crossfade::gateway
