#include "driver/node_choice.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace crossfade::driver {
namespace {

constexpr NodeState gone{false, false}, full{true, false}, free_node{true, true};

std::optional<std::size_t> choose(NodeChoice& choice, const std::vector<NodeState>& nodes,
                                  const std::vector<std::uint32_t>& preferred = {},
                                  std::optional<std::size_t> avoid = std::nullopt) {
    return choice.choose(nodes.size(), preferred, avoid, [&](std::size_t i) { return nodes[i]; });
}

TEST(NodeChoice, GoesRoundAllThatHaveRoom) {
    NodeChoice choice;
    const std::vector<NodeState> nodes{free_node, full, free_node, gone};
    std::vector<int> count(4);
    for (int i = 0; i < 100; ++i) ++count[*choose(choice, nodes)];
    EXPECT_EQ(count[1] + count[3], 0);
    EXPECT_EQ(count[0] + count[2], 100);
    EXPECT_GE(count[0], 25);
    EXPECT_GE(count[2], 25);
}

TEST(NodeChoice, PrefersReplicasInTurnAndOthersWhenTheyAreFull) {
    NodeChoice choice;
    const std::vector<NodeState> nodes{free_node, free_node, free_node};
    std::vector<int> count(3);
    for (int i = 0; i < 100; ++i) ++count[*choose(choice, nodes, {1, 2})];
    EXPECT_EQ(count, (std::vector<int>{0, 50, 50}));
    EXPECT_EQ(choose(choice, {free_node, full, gone}, {1, 2}), 0U);
    // A replica in another datacenter is no node of this list.
    EXPECT_TRUE(choose(choice, nodes, {77}));
}

TEST(NodeChoice, AvoidsTheNodeThatFailedAsLongAsAnotherIsOpen) {
    NodeChoice choice;
    for (int i = 0; i < 10; ++i) EXPECT_EQ(choose(choice, {free_node, free_node}, {0}, 0U), 1U);
    // The other is only full: wait for it.
    EXPECT_FALSE(choose(choice, {free_node, full}, {}, 0U));
    EXPECT_EQ(choose(choice, {free_node, gone}, {}, 0U), 0U);
    EXPECT_EQ(choose(choice, {free_node}, {}, 0U), 0U);
}

TEST(NodeChoice, GivesLessToANodeOnWhichRequestsPileUp) {
    NodeChoice choice;
    NodeState slow = free_node;
    slow.in_flight = 500;
    NodeState quick = free_node;
    quick.in_flight = 3;
    std::vector<int> count(3);
    for (int i = 0; i < 90; ++i) ++count[*choose(choice, {slow, quick, quick}, {0, 1, 2})];
    EXPECT_EQ(count[0], 0);
    // With one replica there is nothing to compare: it is asked, slow or not.
    EXPECT_EQ(choose(choice, {slow, quick}, {0}), 0U);
}

TEST(NodeChoice, HasNoneWhenNothingHasRoom) {
    NodeChoice choice;
    EXPECT_FALSE(choose(choice, {}));
    EXPECT_FALSE(choose(choice, {full, gone}));
    EXPECT_FALSE(choose(choice, {full, gone}, {0, 1}, 1U));
}

}  // namespace
}  // namespace crossfade::driver
