#include "nodes/database_id.hpp"

#include <gtest/gtest.h>

namespace crossfade::nodes {
namespace {

TEST(DatabaseId, TellsDatabasesApartThatHaveOneClusterName) {
    EXPECT_EQ(name_with_database("cndb", "0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9-us-east1.db.astra.datastax.com"),
              "cndb 0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9");
    EXPECT_EQ(database_id("0A1B2C3D-4e5f-6071-8293-a4b5c6d7e8f9.db.example.com"),
              "0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9");
    EXPECT_EQ(database_id("0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9"), "0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9");
}

TEST(DatabaseId, OtherHostsLeaveTheNameAsItIs) {
    for (const char* host : {"", "db.example.com", "127.0.0.1", "0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f",
                             "0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9a.example.com",
                             "0a1b2c3d_4e5f_6071_8293_a4b5c6d7e8f9-us-east1.example.com",
                             "ga1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9-us-east1.example.com"})
        EXPECT_EQ(name_with_database("shop", host), "shop") << host;
}

}  // namespace
}  // namespace crossfade::nodes
