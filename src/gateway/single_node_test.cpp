#include "gateway/single_node.hpp"

#include <gtest/gtest.h>

#include "cql/response.hpp"

namespace crossfade::gateway {
namespace {

using cql::ProtocolVersion;

TEST(SingleNode, ShowsTheGatewaysAddressInPlaceOfTheNodes) {
    const auto inet = cql::simple_type(cql::TypeCode::inet), number = cql::simple_type(cql::TypeCode::int_number),
               text = cql::simple_type(cql::TypeCode::varchar);
    const std::vector<cql::OwnedColumn> columns{{"system", "local", "rpc_address", inet},
                                                {"system", "local", "rpc_port", number},
                                                {"system", "local", "listen_address", inet},
                                                {"system", "local", "rack", text}};
    base::Bytes frame, expected, seen;
    cql::append_rows(frame, ProtocolVersion::v4, 3, columns,
                     {{base::Bytes{10, 0, 0, 1}, base::Bytes{0, 0, 0x23, 0x52}, std::nullopt, base::Bytes{'r'}}});
    cql::append_rows(expected, ProtocolVersion::v4, 3, columns,
                     {{base::Bytes{192, 0, 2, 7}, base::Bytes{0, 0, 0x71, 0x72}, std::nullopt, base::Bytes{'r'}}});
    const cql::FrameView view{cql::read_frame_header(frame.data()), frame};
    append_as_single_node(SystemTable::local, {"192.0.2.7", 29042}, view, seen);
    EXPECT_EQ(seen, expected);
    seen.clear();
    append_as_single_node(SystemTable::none, {"192.0.2.7", 29042}, view, seen);
    EXPECT_EQ(seen, frame);
}

TEST(SingleNode, KnowsTheTablesAndTheEventsOfNodes) {
    EXPECT_EQ(system_table_of(cql::classify("SELECT * FROM system.local WHERE key='local'")), SystemTable::local);
    EXPECT_EQ(system_table_of(cql::classify("SELECT peer FROM system.peers_v2")), SystemTable::peers);
    EXPECT_EQ(system_table_of(cql::classify("SELECT * FROM ks.peers")), SystemTable::none);
    EXPECT_EQ(system_table_of(cql::classify("DELETE FROM system.peers WHERE peer = '::1'")), SystemTable::none);
    base::Bytes status, schema;
    cql::Event event;
    event.change = "UP";
    event.address = "10.0.0.1";
    cql::append_event(status, 4, event);
    EXPECT_TRUE(tells_of_nodes({cql::read_frame_header(status.data()), status}));
    event.kind = cql::Event::Kind::schema_change;
    event.schema.change = "CREATED";
    event.schema.target = "KEYSPACE";
    event.schema.keyspace = "k";
    cql::append_event(schema, 4, event);
    EXPECT_FALSE(tells_of_nodes({cql::read_frame_header(schema.data()), schema}));
}

}  // namespace
}  // namespace crossfade::gateway
