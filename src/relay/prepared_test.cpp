#include "relay/prepared.hpp"

#include <gtest/gtest.h>

namespace crossfade::relay {
namespace {

PreparedPtr statement(const std::string& text, const std::string& keyspace = "") {
    auto one = std::make_shared<PreparedStatement>();
    one->text = text;
    one->keyspace = keyspace;
    one->id = digest_of(text, keyspace);
    return one;
}

TEST(Prepared, TheSameTextInAnotherKeyspaceIsAnotherStatement) {
    EXPECT_EQ(digest_of("SELECT 1", "a"), digest_of("SELECT 1", "a"));
    EXPECT_NE(digest_of("SELECT 1", "a"), digest_of("SELECT 1", "b"));
    EXPECT_NE(digest_of("SELECT 1", ""), digest_of("SELECT 2", ""));
    EXPECT_NE(digest_of("b", "a"), digest_of("", std::string("a\0b", 3)));
}

TEST(Prepared, AnIdThatSomebodyMadeCollideIsRefused) {
    PreparedRegistry registry(10);
    auto honest = statement("SELECT 1");
    ASSERT_TRUE(registry.put(honest));
    auto forged = std::make_shared<PreparedStatement>();
    forged->text = "DROP everything";
    forged->id = honest->id;
    EXPECT_FALSE(registry.put(forged));
    EXPECT_EQ(registry.find(honest->id)->text, "SELECT 1");
}

TEST(Prepared, AStatementPreparedOnOneLoopIsKnownOnAnother) {
    PreparedRegistry registry(10);
    PreparedCache first(registry, 10), second(registry, 10);
    const auto one = statement("SELECT 1");
    ASSERT_TRUE(first.put(one));
    const PreparedPtr* const found = second.find(one->id);
    ASSERT_NE(found, nullptr);
    EXPECT_EQ(*found, one);
}

TEST(Prepared, WhatIsUnknownOrOfAnotherLengthIsNotFound) {
    PreparedRegistry registry(10);
    PreparedCache cache(registry, 10);
    EXPECT_EQ(cache.find(statement("SELECT 1")->id), nullptr);
    const base::Bytes odd = {1, 2, 3};
    EXPECT_EQ(cache.find(odd), nullptr);
    EXPECT_EQ(cache.find({}), nullptr);
}

TEST(Prepared, TheRegistryStaysWithinItsBound) {
    PreparedRegistry registry(100);
    for (int i = 0; i < 1000; ++i) ASSERT_TRUE(registry.put(statement("SELECT " + std::to_string(i))));
    EXPECT_EQ(registry.size(), 100U);
    EXPECT_NE(registry.find(statement("SELECT 999")->id), nullptr);
}

TEST(Prepared, LongTextsLeaveRoomForFewer) {
    PreparedRegistry registry(100'000);
    const std::string filler(10U << 20U, ' ');
    for (int i = 0; i < 60; ++i) ASSERT_TRUE(registry.put(statement("SELECT " + std::to_string(i) + filler)));
    EXPECT_LE(registry.size(), 25U);
    EXPECT_NE(registry.find(statement("SELECT 59" + filler)->id), nullptr);
}

TEST(Prepared, AStatementInUseStaysWhileOthersComeByTheThousand) {
    PreparedRegistry registry(100);
    PreparedCache cache(registry, 100);
    const auto used = statement("SELECT used");
    ASSERT_TRUE(cache.put(used));
    for (int i = 0; i < 1000; ++i) {
        ASSERT_TRUE(cache.put(statement("SELECT " + std::to_string(i))));
        ASSERT_NE(cache.find(used->id), nullptr) << i;
    }
}

}  // namespace
}  // namespace crossfade::relay
