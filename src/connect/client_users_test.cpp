#include "connect/client_users.hpp"

#include <gtest/gtest.h>

namespace crossfade::connect {
namespace {

TEST(ClientUsers, AreWrittenOneALine) {
    const auto users = parse_client_users("users", "# of the shop\nana:se:cret\r\n\nbob:x\n");
    ASSERT_TRUE(users) << users.error().message;
    EXPECT_EQ(users->size(), 2U);
    EXPECT_TRUE(check_user(*users, {"ana", "se:cret"}));
    EXPECT_TRUE(check_user(*users, {"bob", "x"}));
    for (const auto& [name, password] : {std::pair{"ana", "x"}, {"bob", "xx"}, {"bob", ""}, {"", ""}, {"eve", "x"}}) {
        const auto refused = check_user(*users, {name, password});
        ASSERT_FALSE(refused);
        EXPECT_EQ(refused.error().kind, base::ErrorKind::authentication);
        EXPECT_EQ(refused.error().message, "Provided username and/or password are incorrect");
    }
}

TEST(ClientUsers, AWrongLineIsNamedByItsNumberAlone) {
    const auto wrong = [](std::string_view text) {
        const auto users = parse_client_users("u.txt", text);
        return users ? std::string("right") : users.error().message;
    };
    EXPECT_EQ(wrong("a:b\nsecret-without-name\n"), "u.txt:2: a user is written as name:password");
    EXPECT_EQ(wrong(":b"), "u.txt:1: a user is written as name:password");
    EXPECT_EQ(wrong("a:"), "u.txt:1: a user is written as name:password");
    EXPECT_EQ(wrong("a:b\na:c"), "u.txt:2: 'a' is there twice; keep one of them");
    EXPECT_EQ(wrong("# nobody\n"), "u.txt: has no user; write one a line, as name:password");
}

}  // namespace
}  // namespace crossfade::connect
