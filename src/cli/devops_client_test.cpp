#include "cli/devops_client.hpp"

#include <gtest/gtest.h>

namespace crossfade::cli {
namespace {

TEST(SafeUrl, IsHttpsOrLeadsToThisMachine) {
    for (const char* const url : {"https://api.example.com", "https://127.example.com/v2", "http://127.0.0.1:8080",
                                  "http://127.9.9.9", "http://localhost:1/x", "http://[::1]:8080"})
        EXPECT_TRUE(safe_url(url, "--api-url")) << url;
}

TEST(SafeUrl, NothingSecretGoesElsewhereInTheClear) {
    for (const char* const url : {"http://api.example.com", "http://127.example.com", "http://127.0.0.1.example.com",
                                  "http://localhost.example.com", "http://128.0.0.1", "http://[::2]:8080"}) {
        const auto safe = safe_url(url, "--api-url");
        ASSERT_FALSE(safe) << url;
        EXPECT_EQ(safe.error().kind, base::ErrorKind::bad_input);
        EXPECT_EQ(safe.error().message, "--api-url is not https, and nothing secret is sent in the clear") << url;
    }
    EXPECT_FALSE(safe_url("api.example.com", "--api-url"));
}

}  // namespace
}  // namespace crossfade::cli
