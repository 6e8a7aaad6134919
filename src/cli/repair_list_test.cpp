#include "cli/repair_list.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/table_arguments.hpp"

namespace crossfade::cli {
namespace {

using testing::ElementsAre;

TEST(RepairList, StandsBehindASpaceOrAnEqualsSign) {
    EXPECT_THAT(with_repair_list({"--repair", "missing,extra", "ks.t"}), ElementsAre("--repair=missing,extra", "ks.t"));
    EXPECT_THAT(with_repair_list({"--repair=extra", "ks.t"}), ElementsAre("--repair=extra", "ks.t"));
    EXPECT_THAT(with_repair_list({"ks.t", "--repair", "different"}), ElementsAre("ks.t", "--repair=different"));
}

TEST(RepairList, ANextWordThatIsNotMadeOfTheThreeIsATable) {
    EXPECT_THAT(with_repair_list({"--repair", "ks.t"}), ElementsAre("--repair=missing,different", "ks.t"));
    EXPECT_THAT(with_repair_list({"--repair", "missing,rows"}),
                ElementsAre("--repair=missing,different", "missing,rows"));
    EXPECT_THAT(with_repair_list({"--repair", "--restart"}), ElementsAre("--repair=missing,different", "--restart"));
    EXPECT_THAT(with_repair_list({"ks.t", "--repair"}), ElementsAre("ks.t", "--repair=missing,different"));
}

TEST(RepairList, Words) {
    EXPECT_EQ(repair_kinds("missing,different"), (cells::RepairKinds{true, true, false}));
    EXPECT_EQ(repair_kinds("extra,missing"), (cells::RepairKinds{true, false, true}));
    EXPECT_EQ(repair_kinds("different,different"), (cells::RepairKinds{false, true, false}));
    for (const char* wrong : {"", ",", "missing,", ",extra", "Missing", "missing extra", "all"})
        EXPECT_FALSE(repair_kinds(wrong)) << wrong;
}

TEST(LastingFlags, AreWhatTheNextCommandNeedsToo) {
    EXPECT_EQ(lasting_flags({"--origin", "127.0.0.1", "ks.t", "--repair=extra", "--state-dir", "/a b",
                             "--create-schema", "--config=x.yaml"},
                            {"ks.t"}),
              "--origin 127.0.0.1 --state-dir '/a b' --config=x.yaml");
    EXPECT_EQ(lasting_flags({"it's"}, {}), "'it'\\''s'");
}

}  // namespace
}  // namespace crossfade::cli
