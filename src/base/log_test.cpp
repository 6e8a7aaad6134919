#include "base/log.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <sstream>

#include "base/secret.hpp"

namespace crossfade::base {
namespace {

class LogTest : public testing::Test {
protected:
    ~LogTest() override { configure_log(LogLevel::info, false); }
    template <class Write>
    static std::string shown_by(Write&& write) {
        testing::internal::CaptureStderr();
        write();
        return testing::internal::GetCapturedStderr();
    }
};

TEST_F(LogTest, ShowsWhatIsAtOrAboveItsLevel) {
    configure_log(LogLevel::warning, false);
    const std::string shown = shown_by([] {
        log_debug("one");
        log_info("two");
        log_warning("three {}", 3);
        log_error("four");
    });
    EXPECT_EQ(shown.find("one"), std::string::npos);
    EXPECT_EQ(shown.find("two"), std::string::npos);
    EXPECT_NE(shown.find(" warning three 3\n"), std::string::npos) << shown;
    EXPECT_NE(shown.find(" error four\n"), std::string::npos) << shown;
}

TEST_F(LogTest, WhatIsNotShownCostsOneLook) {
    configure_log(LogLevel::error, false);
    EXPECT_FALSE(is_logged(LogLevel::warning));
    EXPECT_TRUE(is_logged(LogLevel::error));
    EXPECT_EQ(shown_by([] { write_log(LogLevel::warning, "not formatted by the caller either"); }), "");
}

TEST_F(LogTest, PeerCannotForgeALine) {
    configure_log(LogLevel::info, false);
    const std::string shown =
        shown_by([] { log_info("{}", "user\n2026-01-01T00:00:00.000+0000 error forged\x1b[31m"); });
    EXPECT_EQ(std::count(shown.begin(), shown.end(), '\n'), 1) << shown;
    EXPECT_NE(shown.find("\\n2026"), std::string::npos);
    EXPECT_NE(shown.find("\\x1b["), std::string::npos);
}

TEST_F(LogTest, JsonIsOneValidObjectALine) {
    configure_log(LogLevel::info, true);
    const std::string shown =
        shown_by([] { log_info("{}", "a \"quote\", a \\ and \n and \x01 and \xff and \xc3\xa9 %v {}"); });
    EXPECT_EQ(std::count(shown.begin(), shown.end(), '\n'), 1);
    EXPECT_TRUE(shown.starts_with("{\"time\":\"20")) << shown;
    EXPECT_TRUE(
        shown.ends_with("\",\"level\":\"info\",\"message\":\"a \\\"quote\\\", a \\\\ and \\u000a and \\u0001 and "
                        "\\ufffd and \xc3\xa9 %v {}\"}\n"))
        << shown;
}

TEST_F(LogTest, LevelsHaveNames) {
    EXPECT_EQ(log_level_named("debug").value(), LogLevel::debug);
    EXPECT_EQ(log_level_named("error").value(), LogLevel::error);
    const auto wrong = log_level_named("loud");
    ASSERT_FALSE(wrong);
    EXPECT_EQ(wrong.error().kind, ErrorKind::bad_input);
    EXPECT_NE(wrong.error().message.find("'loud'"), std::string::npos);
}

TEST(Secret, IsNeverShownUnlessRevealed) {
    const Secret<std::string> secret("hunter2");
    std::ostringstream stream;
    stream << secret;
    EXPECT_EQ(stream.str(), "(secret)");
    EXPECT_EQ(fmt::format("{}", secret), "(secret)");
    EXPECT_EQ(secret.reveal(), "hunter2");
    EXPECT_NE(secret, Secret<std::string>("hunter3"));
}

}  // namespace
}  // namespace crossfade::base
