#include "connect/health.hpp"

#include <gtest/gtest.h>

namespace crossfade::connect {
namespace {

using namespace std::chrono_literals;

net::HttpResponse ask(const std::string& path, std::chrono::milliseconds outage) {
    net::HttpRequest request;
    request.method = "GET";
    request.path = path;
    return health_answer(request, outage, 30s);
}

TEST(Health, LivesWhateverTheClusterDoes) {
    EXPECT_EQ(ask("/liveness", 1h).status, 200);
    EXPECT_EQ(ask("/liveness", 1h).body, "ok");
}

TEST(Health, IsReadyUntilAnOutageLastsTooLong) {
    EXPECT_EQ(ask("/readiness", 0ms).status, 200);
    EXPECT_EQ(ask("/readiness", 0ms).body, R"({"OutageDuration":"0s"})");
    EXPECT_EQ(ask("/readiness", 29s).status, 200);
    EXPECT_EQ(ask("/readiness", 62s).status, 503);
    EXPECT_EQ(ask("/readiness", 62s).body, R"({"OutageDuration":"1m2s"})");
}

TEST(Health, NothingElseIsThere) {
    EXPECT_EQ(ask("/", 0ms).status, 404);
    net::HttpRequest request;
    request.method = "POST";
    request.path = "/liveness";
    EXPECT_EQ(health_answer(request, 0ms, 30s).status, 405);
}

}  // namespace
}  // namespace crossfade::connect
