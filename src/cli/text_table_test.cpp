#include "cli/text_table.hpp"

#include <gtest/gtest.h>

#include <sstream>

namespace crossfade::cli {
namespace {

TEST(TextTable, AlignsColumnsAlsoWithWideLetters) {
    TextTable table({"A", "B"});
    EXPECT_TRUE(table.is_empty());
    table.add({"éé", "x"});
    table.add({"long", "y\nz"});
    std::ostringstream out;
    table.print(out);
    EXPECT_EQ(out.str(), "A     B\néé    x\nlong  y?z\n");
}

TEST(TextTable, NumbersHaveThousands) {
    EXPECT_EQ(with_thousands(0), "0");
    EXPECT_EQ(with_thousands(999), "999");
    EXPECT_EQ(with_thousands(1000), "1,000");
    EXPECT_EQ(with_thousands(18446744073709551615U), "18,446,744,073,709,551,615");
}

TEST(TextTable, AgesAreInTheirTwoLargestUnits) {
    EXPECT_EQ(age_text(-5), "0 s");
    EXPECT_EQ(age_text(999999), "0 s");
    EXPECT_EQ(age_text(59000000), "59 s");
    EXPECT_EQ(age_text(60000000), "1 min");
    EXPECT_EQ(age_text(3661000000), "1 h 1 min");
    EXPECT_EQ(age_text(3601000000), "1 h");
    EXPECT_EQ(age_text(200000000000), "2 d 7 h");
}

}  // namespace
}  // namespace crossfade::cli
