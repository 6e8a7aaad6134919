#include "proxy/secrets.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace crossfade::proxy {
namespace {

TEST(WithoutSecrets, PasswordsAreHiddenHoweverTheyAreWritten) {
    EXPECT_EQ(without_secrets("CREATE ROLE bob WITH PASSWORD = 'x' AND LOGIN = true"),
              "CREATE ROLE bob WITH PASSWORD = '…' AND LOGIN = true");
    EXPECT_EQ(without_secrets("CREATE USER bob WITH PASSWORD 'x' SUPERUSER"),
              "CREATE USER bob WITH PASSWORD '…' SUPERUSER");
    EXPECT_EQ(without_secrets("alter role bob with\n\tPassWord='it''s' "), "alter role bob with\n\tPassWord='…' ");
    EXPECT_EQ(without_secrets("ALTER ROLE bob WITH HASHED PASSWORD = '$2a$10$abc'"),
              "ALTER ROLE bob WITH HASHED PASSWORD = '…'");
    EXPECT_EQ(without_secrets("ALTER USER bob WITH PASSWORD $$it's; a = 'secret'$$;"),
              "ALTER USER bob WITH PASSWORD '…';");
    EXPECT_EQ(without_secrets("CREATE ROLE b WITH PASSWORD /* 'no' */ = -- 'nor this'\n 'secret' AND x = 1"),
              "CREATE ROLE b WITH PASSWORD /* 'no' */ = -- 'nor this'\n '…' AND x = 1");
    EXPECT_EQ(without_secrets("CREATE ROLE b WITH PASSWORD = 'a'; ALTER ROLE b WITH PASSWORD = 'b'"),
              "CREATE ROLE b WITH PASSWORD = '…'; ALTER ROLE b WITH PASSWORD = '…'");
    EXPECT_EQ(without_secrets("UPDATE t SET password = 'x', name = 'y' WHERE k = 1"),
              "UPDATE t SET password = '…', name = 'y' WHERE k = 1");
}

TEST(WithoutSecrets, OptionsOfARoleAreHiddenAndOtherMapsAreNot) {
    EXPECT_EQ(without_secrets("CREATE ROLE b WITH ACCESS TO DATACENTERS {'dc1', 'dc2'} AND OPTIONS = {'key' : "
                              "'secret','n': 1, 'token':$$t$$} AND PASSWORD='p' "
                              "AND ACCESS FROM CIDRS {'europe'}"),
              "CREATE ROLE b WITH ACCESS TO DATACENTERS {'dc1', 'dc2'} AND OPTIONS = {'key' : '…','n': 1, 'token':'…'} "
              "AND PASSWORD='…' AND ACCESS FROM CIDRS {'europe'}");
    EXPECT_EQ(without_secrets("CREATE CUSTOM INDEX i ON t (v) USING 'StorageAttachedIndex' WITH OPTIONS = {'a': 'b'}"),
              "CREATE CUSTOM INDEX i ON t (v) USING 'StorageAttachedIndex' WITH OPTIONS = {'a': 'b'}");
}

TEST(WithoutSecrets, WhatHasNoneStaysAsItIs) {
    for (const char* const text :
         {"", "CREATE TABLE t (k int PRIMARY KEY) WITH comment = 'password'",
          "INSERT INTO t (k, \"password\") VALUES (1, 'x')", "CREATE ROLE b WITH PASSWORD = ? AND LOGIN = true",
          "CREATE ROLE b WITH GENERATED PASSWORD AND OPTIONS = {}", "GRANT SELECT ON t TO 'bob'"})
        EXPECT_EQ(without_secrets(text), text);
}

TEST(WithoutSecrets, OfATextThatIsCutOffNothingIsShownPastTheQuote) {
    EXPECT_EQ(without_secrets("CREATE ROLE b WITH PASSWORD = 'secr"), "CREATE ROLE b WITH PASSWORD = '…'");
    EXPECT_EQ(without_secrets("CREATE ROLE b WITH PASSWORD = $$secr"), "CREATE ROLE b WITH PASSWORD = '…'");
}

}  // namespace
}  // namespace crossfade::proxy
