#include "gateway/tokens.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gateway/sealing.hpp"

namespace crossfade::gateway {
namespace {

using testing::HasSubstr;
using testing::Not;
using testing::SizeIs;

constexpr std::chrono::sys_seconds now{std::chrono::seconds(1'780'056'000)}, never{};
constexpr std::chrono::seconds day{86400};

struct TokensTest : testing::Test {
    MadeToken made = make_token({"app", "role password"}, {}, now, never);
    TokenTable table{{made.token}};
    std::string token = made.secrets.token.reveal(), secret = made.secrets.secret.reveal();
};

TEST_F(TokensTest, TheTokenTheClientIdAndTheSecretLogIn) {
    for (const auto& [user, password] :
         {std::pair(std::string("token"), token), std::pair(made.secrets.client_id, secret),
          std::pair(made.secrets.client_id, token), std::pair(std::string("token"), secret)}) {
        const auto login = table.login({user, password}, now);
        ASSERT_TRUE(login) << user;
        EXPECT_EQ(login->role.username, "app");
        EXPECT_EQ(login->role.password, "role password");
    }
}

TEST_F(TokensTest, HaveTheFormThatDriversKnow) {
    EXPECT_THAT(token, testing::MatchesRegex("AstraCS:[0-9a-f]+:[0-9a-f]+"));
    EXPECT_THAT(token, SizeIs(8 + 24 + 1 + 64));
    EXPECT_THAT(secret, SizeIs(128));
}

TEST_F(TokensTest, ACharacterOfDifferenceIsRefused) {
    for (std::size_t i = 0; i < token.size(); ++i) {
        std::string other = token;
        other[i] = other[i] == 'a' ? 'b' : 'a';
        EXPECT_FALSE(table.login({"token", other}, now)) << i;
    }
    EXPECT_EQ(table.login({"somebody", token}, now).error(), LoginProblem::unknown);
}

TEST_F(TokensTest, WhatIsNoTokenIsToldApart) {
    EXPECT_EQ(table.login({"token", "hunter2"}, now).error(), LoginProblem::wrong_form);
    EXPECT_EQ(table.login({"", ""}, now).error(), LoginProblem::wrong_form);
    EXPECT_EQ(table.login({"token", std::string(100'000, 'x')}, now).error(), LoginProblem::wrong_form);
}

TEST_F(TokensTest, ExpiresToTheSecond) {
    const MadeToken short_lived = make_token({"app", "p"}, {}, now, now + day);
    const TokenTable one({short_lived.token});
    const nodes::Credentials sent{"token", short_lived.secrets.token.reveal()};
    EXPECT_TRUE(one.login(sent, now + day - std::chrono::seconds(1)));
    EXPECT_EQ(one.login(sent, now + day).error(), LoginProblem::expired);
}

TEST_F(TokensTest, TheFileHoldsNothingToLogInWith) {
    const std::string text = to_json({made.token});
    EXPECT_THAT(text, Not(HasSubstr("role password")));
    EXPECT_THAT(text, Not(HasSubstr(token.substr(33))));
    EXPECT_THAT(text, Not(HasSubstr(secret)));
    for (const std::string& part : {made.token.token_fingerprint, made.token.secret_fingerprint,
                                    made.token.sealed_by_token, made.token.sealed_by_secret})
        EXPECT_FALSE(table.login({"token", part}, now));
}

TEST_F(TokensTest, ComeBackFromTheFileAsTheyWere) {
    const TokenLimits limits{true, {"shop", "Odd \"one\""}, 5, 100};
    const MadeToken limited = make_token({"r\n\"", "p\\\x01"}, limits, now, now + day);
    const auto read = parse_tokens("tokens", to_json({made.token, limited.token}));
    ASSERT_TRUE(read) << read.error().message;
    EXPECT_EQ(*read, (std::vector{made.token, limited.token}));
    EXPECT_EQ(TokenTable(*read).login({"token", limited.secrets.token.reveal()}, now)->role.password, "p\\\x01");
}

TEST_F(TokensTest, ABrokenFileIsNamed) {
    for (const std::string text : {"", "[]", "{}", R"({"tokens":[{}]})", R"({"tokens":[3]})"}) {
        const auto read = parse_tokens("/d/tokens.json", text);
        ASSERT_FALSE(read) << text;
        EXPECT_THAT(read.error().message, HasSubstr("/d/tokens.json"));
    }
}

// Cut off it would be 0, which is no limit.
TEST_F(TokensTest, ALimitThatDoesNotFitIsRefused) {
    TokenLimits limits;
    limits.connections = 3;
    std::string text = to_json({make_token({"r", "p"}, limits, now, now + day).token});
    const std::string three = "\"connections\":3";
    ASSERT_NE(text.find(three), std::string::npos);
    text.replace(text.find(three), three.size(), "\"connections\":4294967296");
    EXPECT_FALSE(parse_tokens("tokens", text));
}

TEST(Sealing, OpensOnlyWithTheSameSecretAndBinding) {
    const std::string sealed = seal("secret", "owner", "plain");
    EXPECT_EQ(unseal("secret", "owner", sealed)->reveal(), "plain");
    EXPECT_FALSE(unseal("other", "owner", sealed));
    EXPECT_FALSE(unseal("secret", "another", sealed));
    for (std::size_t i = 0; i < sealed.size(); ++i) {
        std::string damaged = sealed;
        damaged[i] = damaged[i] == '0' ? '1' : '0';
        EXPECT_FALSE(unseal("secret", "owner", damaged)) << i;
        EXPECT_FALSE(unseal("secret", "owner", sealed.substr(0, i))) << i;
    }
    EXPECT_NE(seal("secret", "owner", "plain"), sealed);
}

}  // namespace
}  // namespace crossfade::gateway
