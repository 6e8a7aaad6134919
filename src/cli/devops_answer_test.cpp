#include "cli/devops_answer.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace crossfade::cli {
namespace {

using testing::HasSubstr;

constexpr const char* list =
    R"([{"region":"us-east1","datcenterID":"x-1","downloadURL":"https://s/1","customDomainBundles":[]},
  {"region":"eu-west1","datacenterID":"x-2","downloadURL":"https://s/2"}])";

std::vector<BundleSource> parsed(const char* body) {
    auto sources = parse_bundle_sources("u", body);
    EXPECT_TRUE(sources) << (sources ? "" : sources.error().message);
    return sources ? *sources : std::vector<BundleSource>();
}

TEST(DevopsAnswer, AListAndAnObjectAreBothTaken) {
    const auto several = parsed(list);
    ASSERT_EQ(several.size(), 2U);
    EXPECT_EQ(several[1].region, "eu-west1");
    EXPECT_EQ(several[1].url, "https://s/2");
    const auto one = parsed(R"({"downloadURL":"https://s/3","downloadURLInternal":"https://i"})");
    ASSERT_EQ(one.size(), 1U);
    EXPECT_EQ(one[0].region, "");
    EXPECT_EQ(one[0].url, "https://s/3");
}

TEST(DevopsAnswer, ARegionThatWouldLeaveTheFolderIsNotTaken) {
    EXPECT_EQ(parsed(R"([{"region":"../../x","downloadURL":"https://s/1"}])").at(0).region, "");
}

TEST(DevopsAnswer, WhatIsNoAnswerIsRefused) {
    for (const char* body : {"", "<html>", "[]", "[1]", "{}", R"({"downloadURL":7})", R"([{"region":"a"}])"}) {
        const auto sources = parse_bundle_sources("https://api/x", body);
        ASSERT_FALSE(sources) << body;
        EXPECT_THAT(sources.error().message, testing::StartsWith("https://api/x: "));
    }
}

TEST(DevopsAnswer, OneIsChosenByItsRegion) {
    EXPECT_EQ(choose_sources(parsed(list), "eu-west1", false)->at(0).url, "https://s/2");
    EXPECT_EQ(choose_sources(parsed(list), "", true)->size(), 2U);
    EXPECT_EQ(choose_sources({{"", "https://s/3"}}, "", false)->size(), 1U);
    EXPECT_THAT(choose_sources(parsed(list), "", false).error().message, HasSubstr("us-east1, eu-west1"));
    const auto none = choose_sources(parsed(list), "mars", false);
    ASSERT_FALSE(none);
    EXPECT_THAT(none.error().message, testing::AllOf(HasSubstr("'mars'"), HasSubstr("us-east1, eu-west1")));
}

}  // namespace
}  // namespace crossfade::cli
