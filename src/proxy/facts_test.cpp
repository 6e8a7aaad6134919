#include "proxy/facts.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace crossfade::proxy {
namespace {

using cql::ProtocolVersion;
using testing::ElementsAre;

ClusterFacts speaking(ProtocolVersion highest) {
    ClusterFacts facts;
    facts.was_seen = true;
    facts.highest_version = highest;
    return facts;
}

TEST(CommonVersions, OfTwoThatWereSeen) {
    EXPECT_THAT(common_versions({speaking(ProtocolVersion::v5), speaking(ProtocolVersion::v5)}),
                ElementsAre(ProtocolVersion::v5, ProtocolVersion::v4, ProtocolVersion::v3));
    EXPECT_THAT(common_versions({speaking(ProtocolVersion::v4), speaking(ProtocolVersion::v5)}),
                ElementsAre(ProtocolVersion::v4, ProtocolVersion::v3));
    EXPECT_THAT(common_versions({speaking(ProtocolVersion::dse_v2), speaking(ProtocolVersion::v5)}),
                ElementsAre(ProtocolVersion::v4, ProtocolVersion::v3));
}

// A client keeps the version that it began with: one that the cluster then turns out not to speak would fail every
// request.
TEST(CommonVersions, V4AtMostUntilBothWereSeen) {
    EXPECT_THAT(common_versions({ClusterFacts(), ClusterFacts()}),
                ElementsAre(ProtocolVersion::v4, ProtocolVersion::v3));
    EXPECT_THAT(common_versions({speaking(ProtocolVersion::v5), ClusterFacts()}),
                ElementsAre(ProtocolVersion::v4, ProtocolVersion::v3));
    EXPECT_THAT(common_versions({ClusterFacts(), speaking(ProtocolVersion::v5)}),
                ElementsAre(ProtocolVersion::v4, ProtocolVersion::v3));
    EXPECT_THAT(common_versions({speaking(ProtocolVersion::v3), ClusterFacts()}), ElementsAre(ProtocolVersion::v3));
}

}  // namespace
}  // namespace crossfade::proxy
