#include "nodes/cluster_pair.hpp"

#include <gtest/gtest.h>

namespace crossfade::nodes {
namespace {

TEST(PairFolder, HasNoSurprisesInItsName) {
    EXPECT_EQ(pair_folder("Test Cluster", "prod-2"), "Test_Cluster_to_prod-2");
    EXPECT_EQ(pair_folder("../x", ""), "___x_to_cluster");
}

}  // namespace
}  // namespace crossfade::nodes
