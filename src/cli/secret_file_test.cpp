#include "cli/secret_file.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/test_folder.hpp"

namespace crossfade::cli {
namespace {

TEST(SecretFile, IsAFirstLineOrTheTokenInAstrasJson) {
    const TestFolder folder;
    EXPECT_EQ(read_secret_file(folder.write("a", "secret\r\nmore\n"))->reveal(), "secret");
    EXPECT_EQ(read_secret_file(folder.write("b", "secret"))->reveal(), "secret");
    EXPECT_EQ(read_secret_file(folder.write("c", R"({"clientId":"i","secret":"s","token":"AstraCS:x"})"))->reveal(),
              "AstraCS:x");
}

TEST(SecretFile, WithoutASecretIsRefusedWithoutShowingWhatIsInIt) {
    const TestFolder folder;
    for (const char* text : {"", "\nsecret", R"({"secret":"hidden"})", R"({"token":"")", "{"}) {
        const std::string path = folder.write("f", text);
        const auto read = read_secret_file(path);
        ASSERT_FALSE(read) << text;
        EXPECT_THAT(read.error().message,
                    testing::AllOf(testing::StartsWith(path + ": "), testing::Not(testing::HasSubstr("hidden"))));
    }
    EXPECT_FALSE(read_secret_file(folder.path("none")));
}

TEST(SecretFile, AVariableMayHoldItToo) {
    ::setenv("CROSSFADE_TEST_SECRET", "value", 1);
    EXPECT_EQ(read_secret_variable("CROSSFADE_TEST_SECRET")->reveal(), "value");
    ::setenv("CROSSFADE_TEST_SECRET", "", 1);
    EXPECT_THAT(read_secret_variable("CROSSFADE_TEST_SECRET").error().message, testing::HasSubstr("is empty"));
    ::unsetenv("CROSSFADE_TEST_SECRET");
    EXPECT_THAT(read_secret_variable("CROSSFADE_TEST_SECRET").error().message, testing::HasSubstr("is not set"));
}

}  // namespace
}  // namespace crossfade::cli
