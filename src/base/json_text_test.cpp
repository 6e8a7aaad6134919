#include "base/json_text.hpp"

#include <gtest/gtest.h>

namespace crossfade::base {
namespace {

TEST(JsonText, EscapesWhatJsonDemands) {
    EXPECT_EQ(json_quoted("a\"b\\c\n\x01\x7f"), R"("a\"b\\c\u000a\u0001\u007f")");
    EXPECT_EQ(json_quoted(std::string_view("\0", 1)), R"("\u0000")");
}

TEST(JsonText, KeepsUtf8AndReplacesWhatIsNone) {
    EXPECT_EQ(json_quoted("é€😀"), "\"é€😀\"");
    EXPECT_EQ(json_quoted("\xff"
                          "a"),
              R"("\ufffda")");                                                    // never a first byte
    EXPECT_EQ(json_quoted("\xc3"), R"("\ufffd")");                                // cut off
    EXPECT_EQ(json_quoted("\xc3\""), R"("\ufffd\"")");                            // the quote is no part of it
    EXPECT_EQ(json_quoted("\xc0\x80"), R"("\ufffd\ufffd")");                      // overlong
    EXPECT_EQ(json_quoted("\xed\xa0\x80"), R"("\ufffd\ufffd\ufffd")");            // a surrogate
    EXPECT_EQ(json_quoted("\xf4\x90\x80\x80"), R"("\ufffd\ufffd\ufffd\ufffd")");  // past U+10FFFF
}

TEST(JsonText, ObjectsAndListsNest) {
    EXPECT_EQ(JsonObject().text(), "{}");
    EXPECT_EQ(JsonList().text(), "[]");
    EXPECT_EQ(JsonObject()
                  .field("a", true)
                  .field("b", -1)
                  .field("c", "x")
                  .raw("d", JsonList().add("1").add("2").text())
                  .text(),
              R"({"a":true,"b":-1,"c":"x","d":[1,2]})");
}

}  // namespace
}  // namespace crossfade::base
