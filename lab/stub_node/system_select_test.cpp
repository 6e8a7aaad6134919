#include <gtest/gtest.h>

#include "cql/wire.hpp"
#include "stub_node/system_tables.hpp"

namespace crossfade::lab {
namespace {

class SystemSelect : public testing::Test {
protected:
    SystemSelect() {
        options_.members = {{"127.0.0.31", 9042}, {"127.0.0.32", 9042}, {"127.0.0.33", 0}};
        options_.datacenter = "east";
        tables_ = std::make_unique<SystemTables>(options_, view_cluster(options_));
    }
    base::Result<SystemAnswer> ask(const char* text, const std::vector<Cell>& values = {}) {
        const auto select = read_select(text);
        if (!select) return base::fail(base::ErrorKind::bad_input, "not understood");
        return tables_->answer(*select, values, 1'700'000'000'000'000);
    }

    NodeOptions options_;
    std::unique_ptr<SystemTables> tables_;
};

TEST_F(SystemSelect, GivesTheColumnsThatWereAskedForInTheirOrder) {
    const auto answer = ask("SELECT rack AS r, data_center, key FROM system.local WHERE key='local'");
    ASSERT_TRUE(answer);
    ASSERT_EQ(answer->columns.size(), 3U);
    EXPECT_EQ(answer->columns[0].name, "r");
    ASSERT_EQ(answer->rows.size(), 1U);
    EXPECT_EQ(answer->rows[0], (std::vector<Cell>{text_cell("rack1"), text_cell("east"), text_cell("local")}));
}

TEST_F(SystemSelect, KnowsThePeersButNotItself) {
    const auto answer = ask("SELECT peer, native_port FROM system.peers_v2");
    ASSERT_TRUE(answer);
    ASSERT_EQ(answer->rows.size(), 2U);
    EXPECT_EQ(answer->rows[0], (std::vector<Cell>{inet_cell("127.0.0.32"), int_cell(9042)}));
    EXPECT_EQ(answer->rows[1], (std::vector<Cell>{inet_cell("127.0.0.33"), int_cell(9042)}));
    EXPECT_EQ(ask("SELECT * FROM system.peers WHERE peer = '127.0.0.33'")->rows.size(), 1U);
    EXPECT_EQ(ask("SELECT * FROM system.peers WHERE peer = ?", {inet_cell("127.0.0.32")})->rows.size(), 1U);
    EXPECT_EQ(ask("SELECT * FROM system.peers WHERE peer = '127.0.0.31'")->rows.size(), 0U);
}

TEST_F(SystemSelect, EachRowHasACellForEachColumn) {
    for (const char* table : {"system.local", "system.peers", "system.peers_v2", "system_schema.keyspaces",
                              "system_schema.tables", "system_schema.columns"}) {
        const auto answer = ask((std::string("SELECT * FROM ") + table).c_str());
        ASSERT_TRUE(answer) << table;
        EXPECT_FALSE(answer->rows.empty()) << table;
        for (const auto& row : answer->rows) EXPECT_EQ(row.size(), answer->columns.size()) << table;
    }
}

TEST_F(SystemSelect, FiltersCountsAndLimits) {
    EXPECT_EQ(
        ask("SELECT column_name FROM system_schema.columns WHERE keyspace_name IN ('stub', 'x') AND table_name = 'kv'")
            ->rows.size(),
        2U);
    EXPECT_EQ(ask("SELECT column_name FROM system_schema.columns WHERE keyspace_name IN ('x') AND table_name = 'kv'")
                  ->rows.size(),
              0U);
    EXPECT_EQ(ask("SELECT column_name FROM system_schema.columns LIMIT 1 ALLOW FILTERING")->rows.size(), 1U);
    const auto counted = ask("SELECT count(*) FROM system.peers");
    EXPECT_EQ(counted->columns[0].name, "count");
    EXPECT_EQ(counted->rows[0][0], bigint_cell(2));
}

TEST_F(SystemSelect, NowIsATimeUuidOfTheInstantThatItWasGiven) {
    const auto answer = ask("SELECT now() FROM system.local");
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->columns[0].name, "system.now()");
    const base::Bytes& id = *answer->rows[0][0];
    ASSERT_EQ(id.size(), 16U);
    EXPECT_EQ(id[6] >> 4, 1);
    const std::uint64_t ticks = (std::uint64_t{cql::load_short(&id[6])} & 0x0FFF) << 48 |
                                std::uint64_t{cql::load_short(&id[4])} << 32 | cql::load_int(id.data());
    EXPECT_EQ((ticks - 0x01B21DD213814000) / 10, 1'700'000'000'000'000U);
}

TEST_F(SystemSelect, SaysWhatIsWrong) {
    EXPECT_EQ(ask("SELECT nothing FROM system.local").error().message,
              "Undefined column name nothing in table system.local");
    EXPECT_EQ(ask("SELECT key FROM system.local WHERE nothing = 1").error().server_code, 0x2200);
    EXPECT_EQ(ask("SELECT * FROM system.nothing").error().message, "table nothing does not exist");
    EXPECT_EQ(ask("SELECT * FROM system.local WHERE key > 'a'").error().message, "not understood");
}

TEST(ClusterView, EveryMemberOwnsAnEqualPartWhicheverComputesIt) {
    NodeOptions a, b;
    a.address = {"127.0.0.31", 9042};
    b.address = {"127.0.0.32", 9042};
    a.members = b.members = {{"127.0.0.31", 9042}, {"127.0.0.32", 9042}};
    const ClusterView of_a = view_cluster(a), of_b = view_cluster(b);
    EXPECT_EQ(of_a.self.host_id, of_b.peers.at(0).host_id);
    EXPECT_EQ(of_a.self.tokens, of_b.peers.at(0).tokens);
    std::vector<cql::Token> all = of_a.self.tokens;
    all.insert(all.end(), of_b.self.tokens.begin(), of_b.self.tokens.end());
    std::sort(all.begin(), all.end());
    for (std::size_t i = 1; i < all.size(); ++i)
        EXPECT_EQ(static_cast<std::uint64_t>(all[i]) - static_cast<std::uint64_t>(all[i - 1]), UINT64_MAX / 32) << i;
}

}  // namespace
}  // namespace crossfade::lab
