#include "proxy/state_folder.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "proxy/journal_test_entries.hpp"

namespace crossfade::proxy {
namespace {

using testing::HasSubstr;

const SeenCluster shop{"shop", {"10.0.0.1:9042", "10.0.0.2:9042"}}, shop_new{"shop new", {"10.0.1.1:9042"}},
    strange{"strange", {"10.0.1.1:9042"}};

SeenCluster away(std::vector<std::string> addresses) {
    return {"", std::move(addresses)};
}

class StateFolderTest : public testing::Test {
protected:
    base::Result<std::unique_ptr<StateFolder>> open(const SeenCluster& origin, const SeenCluster& target,
                                                    const std::string& listen = "127.0.0.1:14002") {
        return StateFolder::open(directory_.path() + "/state", listen, {origin, target});
    }
    std::string path(const SeenCluster& origin, const SeenCluster& target,
                     const std::string& listen = "127.0.0.1:14002") {
        const auto opened = open(origin, target, listen);
        return opened ? (*opened)->path() : opened.error().message;
    }
    // Also for the folder's path, which is tried again.
    std::string refusal(const SeenCluster& origin, const SeenCluster& target) {
        const auto opened = open(origin, target);
        if (opened) return "it was opened";
        EXPECT_EQ(opened.error().kind, base::ErrorKind::bad_configuration);
        return opened.error().message;
    }
    TemporaryDirectory directory_;
};

TEST_F(StateFolderTest, TheSameClustersByOtherContactPointsHaveTheSameState) {
    const std::string folder = path(shop, shop_new);
    EXPECT_THAT(folder, HasSubstr("/shop_to_shop_new/proxy-127.0.0.1_14002"));
    EXPECT_EQ(path({"shop", {"10.0.0.2:9042", "10.0.0.1:9042"}}, shop_new), folder);
    EXPECT_EQ(path({"shop", {"10.9.9.9:9042"}}, {"shop new", {}}), folder);
    EXPECT_NE(path(shop, shop_new, "127.0.0.1:14003"), folder);
    EXPECT_NE(path(shop_new, shop), folder) << "the other way round it is another pair";
}

TEST_F(StateFolderTest, OfAClusterThatIsAwayTheAddressesTell) {
    const std::string folder = path(shop, shop_new);
    EXPECT_EQ(path(away({"10.0.0.2:9042"}), shop_new), folder);
    EXPECT_EQ(path(away({"10.0.0.2:9042"}), away({"10.0.1.1:9042"})), folder);
    EXPECT_EQ(path({"shop", {"10.0.0.3:9042"}}, shop_new), folder);
    EXPECT_EQ(path(away({"10.0.0.3:9042"}), shop_new), folder) << "addresses that it was seen under since count, too";
    EXPECT_THAT(refusal(shop, away({"10.7.7.7:9042"})),
                AllOf(HasSubstr(folder), HasSubstr("does not answer"), HasSubstr("10.7.7.7:9042")));
}

TEST_F(StateFolderTest, AnotherClusterAtTheSameAddressIsRefused) {
    const std::string folder = path(shop, shop_new);
    EXPECT_THAT(refusal(shop, strange),
                AllOf(HasSubstr(folder), HasSubstr("'shop new'"), HasSubstr("'strange'"), HasSubstr("--state-dir")));
    // Elsewhere it is simply another pair.
    EXPECT_NE(path(shop, {"strange", {"10.8.8.8:9042"}}), folder);
}

TEST_F(StateFolderTest, AClusterThatWasNeverSeenIsNamedWhenItAnswers) {
    std::string folder;
    {
        const auto opened = open(shop, away({"10.0.1.1:9042"}));
        ASSERT_TRUE(opened) << opened.error().message;
        folder = (*opened)->path();
        EXPECT_EQ((*opened)->names(), (std::array<std::string, 2>{"shop", ""}));
        EXPECT_TRUE((*opened)->check(1, shop_new));
        EXPECT_EQ((*opened)->names(), (std::array<std::string, 2>{"shop", "shop new"}));
        const auto other = (*opened)->check(1, strange);
        ASSERT_FALSE(other);
        EXPECT_THAT(other.error().message, AllOf(HasSubstr("'shop new'"), HasSubstr("'strange'")));
    }
    EXPECT_EQ(path(shop, {"shop new", {"10.0.1.9:9042"}}), folder);
    EXPECT_THAT(refusal(shop, strange), HasSubstr("'strange'"));
}

TEST_F(StateFolderTest, PairsWhoseNamesLookAlikeAsFilesHaveFoldersOfTheirOwn) {
    const std::string folder = path({"a b", {"10.0.0.1:1"}}, shop_new);
    const std::string other = path({"a_b", {"10.0.0.2:1"}}, shop_new);
    EXPECT_NE(folder, other);
    EXPECT_EQ(path({"a_b", {"10.0.0.2:1"}}, shop_new), other);
    EXPECT_EQ(path({"a b", {"10.0.0.1:1"}}, shop_new), folder);
}

TEST_F(StateFolderTest, IsOneProxysAtATime) {
    const auto opened = open(shop, shop_new);
    ASSERT_TRUE(opened);
    EXPECT_THAT(refusal(shop, shop_new), HasSubstr("another proxy uses this state"));
}

TEST_F(StateFolderTest, WhatNobodyOwnsOrCannotBeReadIsRefused) {
    const std::string folder = path(shop, shop_new);
    std::ofstream(folder + "/owner.json") << R"({"origin": {"name": "shop"}})";
    EXPECT_THAT(refusal(shop, shop_new), HasSubstr("owner.json"));
    std::filesystem::remove(folder + "/owner.json");
    std::ofstream(folder + "/phase") << "3 4 strict\n";
    EXPECT_THAT(refusal(shop, shop_new), HasSubstr("nothing says of which clusters"));
}

}  // namespace
}  // namespace crossfade::proxy
