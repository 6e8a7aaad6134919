#include "proxy/rehearsable.hpp"

#include <gtest/gtest.h>

namespace crossfade::proxy {
namespace {

TEST(Rehearsable, ReadsOfOnesOwnTables) {
    for (const char* text :
         {"SELECT * FROM shop.orders", "select count(*) from orders where k = ?", "SELECT JSON * FROM shop.orders",
          "SELECT writetime(v), token(k) FROM shop.orders", "SELECT ttl, now, \"uuid\" FROM shop.orders",
          "SELECT v FROM shop.orders WHERE k = 'now()' /* uuid() */", "SELECT totimestamp(at) FROM shop.orders"})
        EXPECT_TRUE(is_rehearsable(text, "shop")) << text;
}

TEST(Rehearsable, NotWhatAClusterSaysOfItself) {
    for (const char* text : {"SELECT * FROM system_schema.tables", "SELECT * FROM system.peers_v2",
                             "SELECT * FROM \"system_auth\".roles", "SELECT * FROM system_virtual_schema.tables",
                             "SELECT * FROM SYSTEM.local", "SELECT * FROM system_views.clients", "DESCRIBE KEYSPACES",
                             "DESC TABLE shop.orders", "LIST ROLES", "CALL procedure(1)", "no CQL", ""})
        EXPECT_FALSE(is_rehearsable(text, "shop")) << text;
    EXPECT_FALSE(is_rehearsable("SELECT * FROM tables", "system_schema"));
    EXPECT_TRUE(is_rehearsable("SELECT * FROM shop.tables", "system_schema"));
}

TEST(Rehearsable, NotWhatDependsOnTheMoment) {
    for (const char* text :
         {"SELECT now() FROM shop.orders", "SELECT toTimestamp(now()) FROM shop.orders",
          "SELECT Uuid () FROM shop.orders", "SELECT * FROM shop.orders WHERE k = 1 AND at < currentTimestamp()",
          "SELECT TTL(v) FROM shop.orders", "SELECT system.now() FROM shop.orders",
          "SELECT current_date() FROM shop.orders"})
        EXPECT_FALSE(is_rehearsable(text, "shop")) << text;
}

}  // namespace
}  // namespace crossfade::proxy
