#include "proxy/system_tables.hpp"

#include <gtest/gtest.h>

namespace crossfade::proxy {
namespace {

std::optional<base::Bytes> text(std::string_view value) {
    const base::ByteView bytes = base::bytes_of(value);
    return base::Bytes(bytes.begin(), bytes.end());
}

ClusterFacts cluster() {
    ClusterFacts facts;
    facts.was_seen = true;
    const auto column = [](const char* name, cql::TypeCode type) {
        return cql::OwnedColumn{"system", "local", name, cql::simple_type(type)};
    };
    facts.local.columns = {column("key", cql::TypeCode::varchar), column("data_center", cql::TypeCode::varchar),
                           column("rpc_address", cql::TypeCode::inet), column("rpc_port", cql::TypeCode::int_number),
                           column("truncated_at", cql::TypeCode::blob)};
    facts.local.rows = {
        {text("local"), text("dc9"), base::Bytes{10, 0, 0, 1}, base::Bytes{0, 0, 0x23, 0x52}, base::Bytes{1}}};
    facts.peers_v2.columns = {column("peer", cql::TypeCode::inet)};
    facts.peers_v2.rows = {{base::Bytes{10, 0, 0, 2}}};
    return facts;
}

// The cells of the answer to `query`, one string a cell; an error's text alone.
std::vector<std::vector<std::string>> ask(std::string_view query, const ClusterFacts& facts = cluster()) {
    base::Bytes frame;
    if (answer_system_query(cql::classify(query), query, facts, "127.0.0.9", 9142, cql::ProtocolVersion::v4, frame) ==
        SystemAnswer::not_ours)
        return {{"not ours"}};
    const base::ByteView body = base::ByteView(frame).subspan(cql::frame_header_size);
    if (const auto error = cql::read_frame_header(frame.data()); error.opcode == cql::Opcode::error)
        return {{std::string(cql::parse_error(cql::ProtocolVersion::v4, body)->text)}};
    const auto rows = cql::parse_rows(cql::ProtocolVersion::v4, body);
    std::vector<std::vector<std::string>> cells;
    cql::Reader in(rows->rows);
    for (std::int32_t row = 0; row < rows->row_count; ++row) {
        cells.emplace_back();
        for (std::int32_t i = 0; i < rows->metadata.column_count; ++i) {
            const cql::ValueView value = in.value();
            cells.back().push_back(value.is_null() ? "null" : std::string(base::text_of(value.bytes)));
        }
    }
    return cells;
}

using Rows = std::vector<std::vector<std::string>>;

TEST(SystemTables, ShowTheProxyInPlaceOfTheNode) {
    const auto rows = ask("SELECT * FROM system.local WHERE key='local'");
    ASSERT_EQ(rows.size(), 1U);
    EXPECT_EQ(rows[0], (std::vector<std::string>{"local", "dc9", std::string("\x7F\0\0\x09", 4),
                                                 std::string("\0\0\x23\xB6", 4), "null"}));
}

TEST(SystemTables, GiveTheColumnsThatAreAskedForUnderTheirNames) {
    EXPECT_EQ(ask("select data_center as dc, key from system.local"), (Rows{{"dc9", "local"}}));
    EXPECT_EQ(ask("SELECT nothing FROM system.local"), (Rows{{"Undefined column name nothing in table system.local"}}));
}

TEST(SystemTables, ShowNoPeersSinceTheProxyIsTheOneNode) {
    EXPECT_EQ(ask("SELECT * FROM system.peers_v2"), Rows{});
    EXPECT_EQ(ask("SELECT COUNT(*) FROM system.peers_v2"), (Rows{{std::string(8, '\0')}}));
    EXPECT_EQ(ask("SELECT count(*) FROM system.local"), (Rows{{std::string("\0\0\0\0\0\0\0\x01", 8)}}));
}

TEST(SystemTables, SayWhatANodeWithoutTheTableSays) {
    EXPECT_EQ(ask("SELECT * FROM system.peers"), (Rows{{"unconfigured table peers"}}));
}

TEST(SystemTables, LeaveOtherTablesToTheCluster) {
    EXPECT_EQ(ask("SELECT * FROM system.paxos"), (Rows{{"not ours"}}));
    EXPECT_EQ(ask("SELECT * FROM system.local", ClusterFacts{}), (Rows{{"not ours"}}));
}

TEST(SystemTables, NameWhatTheyCannotEvaluate) {
    EXPECT_NE(ask("SELECT JSON * FROM system.local")[0][0].find("understands columns"), std::string::npos);
    EXPECT_NE(ask("SELECT cast(key as blob) FROM system.local")[0][0].find("cast"), std::string::npos);
}

}  // namespace
}  // namespace crossfade::proxy
