#include "relay/system_tables.hpp"

#include <gtest/gtest.h>

#include <set>

namespace crossfade::relay {
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
    facts.peers_v2.columns = {column("peer", cql::TypeCode::inet), column("native_port", cql::TypeCode::int_number),
                              column("data_center", cql::TypeCode::varchar)};
    facts.peers_v2.rows = {{base::Bytes{10, 0, 0, 2}, base::Bytes{0, 0, 0x23, 0x52}, text("dc9")}};
    return facts;
}

ShownCluster alone() {
    ShownCluster shown;
    shown.local.host = "127.0.0.9";
    shown.local.port = 9142;
    return shown;
}

ShownCluster with_peers() {
    ShownCluster shown = alone();
    for (const char* host : {"127.0.0.7", "127.0.0.8"}) {
        ShownNode& peer = shown.peers.emplace_back();
        peer.host = host;
        peer.port = 9142;
    }
    shown.peers.back().datacenter = "dc8";
    return shown;
}

// The cells of the answer to `query`, one string a cell; an error's text alone.
std::vector<std::vector<std::string>> ask(std::string_view query, const ClusterFacts& facts = cluster(),
                                          const ShownCluster& shown = alone(), base::ByteView bound = {}) {
    base::Bytes frame;
    if (answer_system_query(cql::classify(query), query, facts, shown, bound, cql::ProtocolVersion::v4, frame) ==
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
    EXPECT_NE(ask("SELECT cast(host_id as text) FROM system.local")[0][0].find("cast"), std::string::npos);
    EXPECT_NE(ask("SELECT sum(native_port) FROM system.peers_v2")[0][0].find("sum"), std::string::npos);
}

TEST(SystemTables, LeaveToTheClusterWhatAnyNodeCanAnswer) {
    EXPECT_EQ(ask("SELECT cast(key as blob) FROM system.local"), (Rows{{"not ours"}}));
    EXPECT_EQ(ask("SELECT maxTimeuuid('2013-01-01') FROM system.local"), (Rows{{"not ours"}}));
}

TEST(SystemTables, TellTheTime) {
    const auto rows =
        ask("SELECT key, now(), toTimestamp(now()) AS t, to_unix_timestamp(now()), uuid() FROM system.local");
    ASSERT_EQ(rows.size(), 1U);
    std::vector<std::size_t> sizes;
    for (const std::string& cell : rows[0]) sizes.push_back(cell.size());
    EXPECT_EQ(sizes, (std::vector<std::size_t>{5, 16, 8, 8, 16}));
    EXPECT_EQ(rows[0][1][6] & 0xF0, 0x10) << "a time uuid";
    const auto milliseconds = [&](std::size_t cell) {
        std::int64_t number = 0;
        for (const char byte : rows[0][cell]) number = number * 256 + static_cast<std::uint8_t>(byte);
        return number;
    };
    // A millisecond may have ended between the two.
    EXPECT_GE(milliseconds(3), milliseconds(2));
    EXPECT_LE(milliseconds(3), milliseconds(2) + 1000);
    EXPECT_NE(ask("SELECT now() FROM system.local"), ask("SELECT now() FROM system.local"));
    EXPECT_EQ(ask("SELECT now() FROM system.peers_v2"), Rows{});
}

TEST(SystemTables, ShowTheOtherProxiesAsPeers) {
    const auto show = [](std::string_view query, base::ByteView bound = {}) {
        return ask(query, cluster(), with_peers(), bound);
    };
    const std::string port("\0\0\x23\xB6", 4), first("\x7F\0\0\x07", 4), second("\x7F\0\0\x08", 4);
    EXPECT_EQ(show("SELECT * FROM system.peers_v2"), (Rows{{first, port, "dc9"}, {second, port, "dc8"}}));
    EXPECT_EQ(show("SELECT data_center FROM system.peers_v2 WHERE peer = '127.0.0.8'"), (Rows{{"dc8"}}));
    const base::Bytes bound{127, 0, 0, 7};
    EXPECT_EQ(show("SELECT data_center FROM system.peers_v2 WHERE peer = ?", bound), (Rows{{"dc9"}}));
    EXPECT_EQ(show("SELECT count(*) FROM system.peers_v2"), (Rows{{std::string("\0\0\0\0\0\0\0\x02", 8)}}));
}

TEST(SystemTables, OtherColumnsMayStandBesideACount) {
    const std::string none(8, '\0'), one("\0\0\0\0\0\0\0\x01", 8), two("\0\0\0\0\0\0\0\x02", 8);
    EXPECT_EQ(ask("SELECT count(*), data_center, count(peer) FROM system.peers_v2", cluster(), with_peers()),
              (Rows{{two, "dc9", two}}));
    EXPECT_EQ(ask("SELECT data_center, count(*) FROM system.peers_v2", cluster(), with_peers()), (Rows{{"dc9", two}}));
    EXPECT_EQ(ask("SELECT data_center, count(*) FROM system.peers_v2"), (Rows{{"null", none}}));
    EXPECT_EQ(ask("SELECT count(*), key FROM system.local"), (Rows{{one, "local"}}));
}

TEST(SystemTables, ACountOfAColumnLeavesNullsOut) {
    const std::string none(8, '\0'), one("\0\0\0\0\0\0\0\x01", 8);
    EXPECT_EQ(ask("SELECT count(key), count(truncated_at), count(*) FROM system.local"), (Rows{{one, none, one}}));
    EXPECT_EQ(ask("SELECT count(nothing) FROM system.local"),
              (Rows{{"Undefined column name nothing in table system.local"}}));
}

TEST(SystemTables, NoTwoProxiesShowOneToken) {
    ClusterFacts facts = cluster();
    const auto column = [](const char* name) {
        return cql::OwnedColumn{"system", "peers", name, cql::simple_type(cql::TypeCode::blob)};
    };
    facts.local.columns.push_back(column("tokens"));
    facts.local.rows.front().push_back(base::Bytes{});
    facts.peers.columns = {column("tokens")};
    auto rows = ask("SELECT tokens FROM system.peers", facts, with_peers());
    rows.push_back(ask("SELECT tokens FROM system.local", facts, with_peers()).at(0));
    std::set<std::string> tokens;
    for (const auto& row : rows) {
        cql::Reader in(base::bytes_of(row.at(0)));
        const std::int32_t count = in.int_number();
        EXPECT_EQ(count, 16);
        for (std::int32_t i = 0; i < count; ++i) tokens.emplace(base::text_of(in.value().bytes));
    }
    EXPECT_EQ(tokens.size(), 48U);
}

}  // namespace
}  // namespace crossfade::relay
