#include "nodes/topology.hpp"

#include <gtest/gtest.h>

#include "nodes/made_rows.hpp"
#include "nodes/replicas.hpp"

namespace crossfade::nodes {
namespace {

using base::Bytes;
using cql::TypeCode;

// One node as a row of a system table.
struct Told {
    std::uint8_t number;  // its host id ends so
    Cell address = Bytes{10, 0, 0, 1};
    std::string datacenter = "dc1";
    std::vector<std::string> tokens = {"0"};
    std::string rack = "r1";
};

Cell host_id(std::uint8_t number) {
    Bytes id(16);
    id[15] = number;
    return id;
}

Rows local(const Told& node, const std::string& partitioner = "org.apache.cassandra.dht.Murmur3Partitioner") {
    return made_rows(
        {column("host_id", TypeCode::uuid), column("rpc_address", TypeCode::inet),
         column("data_center", TypeCode::varchar), column("tokens", texts()), column("rack", TypeCode::varchar),
         column("cluster_name", TypeCode::varchar), column("partitioner", TypeCode::varchar),
         column("release_version", TypeCode::varchar), column("broadcast_address", TypeCode::inet)},
        {{host_id(node.number), node.address, text_cell(node.datacenter), list_cell(node.tokens), text_cell(node.rack),
          text_cell("shop"), text_cell(partitioner), text_cell("4.1.7"), Bytes{10, 0, 0, 99}}});
}

// As system.peers_v2 (Cassandra 4.0 and later) or system.peers.
Rows peers(const std::vector<Told>& nodes, bool is_v2) {
    std::vector<cql::OwnedColumn> columns{
        column("host_id", TypeCode::uuid),        column(is_v2 ? "native_address" : "rpc_address", TypeCode::inet),
        column("data_center", TypeCode::varchar), column("tokens", texts()),
        column("rack", TypeCode::varchar),        column("peer", TypeCode::inet)};
    if (is_v2) columns.push_back(column("native_port", TypeCode::int_number));
    std::vector<std::vector<Cell>> rows;
    for (const Told& node : nodes) {
        rows.push_back({host_id(node.number), node.address, text_cell(node.datacenter), list_cell(node.tokens),
                        text_cell(node.rack), Bytes{10, 0, 9, node.number}});
        if (is_v2) rows.back().push_back(int_cell(19042));
    }
    return made_rows(columns, rows);
}

TopologyContext asked(const std::string& host) {
    TopologyContext context;
    context.asked = {host, 9042};
    return context;
}

TEST(Topology, BehindAnSniProxyNodesAreReachedByTheirHostIds) {
    TopologyContext context = asked("proxy.example");
    context.asked.port = 29042;
    context.sni_proxy = context.asked;
    context.up["10.0.0.2:9042"] = false;  // events name what nodes report
    const auto topology = read_topology(context, local({1}), peers({{2, Bytes{10, 0, 0, 2}}, {3}}, false));
    ASSERT_TRUE(topology) << topology.error().message;
    std::vector<std::string> reached;
    for (const Node& node : topology->nodes) reached.push_back(to_text(node.endpoint()));
    EXPECT_EQ(reached, (std::vector<std::string>{"proxy.example:29042 (00000000-0000-0000-0000-000000000001)",
                                                 "proxy.example:29042 (00000000-0000-0000-0000-000000000002)",
                                                 "proxy.example:29042 (00000000-0000-0000-0000-000000000003)"}));
    EXPECT_FALSE(topology->nodes[1].is_up);
    EXPECT_TRUE(topology->nodes[2].is_up);
    EXPECT_EQ(net::to_text(context.aliases.at(topology->nodes[1].host_id).reported), "10.0.0.2:9042");
}

TEST(Topology, TheNodeThatWasAskedKeepsTheAddressItWasReachedBy) {
    TopologyContext context = asked("cassandra.example");
    const auto topology = read_topology(context, local({1}), peers({}, true));
    ASSERT_TRUE(topology) << topology.error().message;
    ASSERT_EQ(topology->nodes.size(), 1U);
    EXPECT_EQ(net::to_text(topology->nodes[0].address), "cassandra.example:9042");
    EXPECT_EQ(topology->cluster_name, "shop");
    EXPECT_EQ(topology->release_version, "4.1.7");
    EXPECT_EQ(topology->local_datacenter, "dc1");

    // Asked through another node, it is still the one that was reached by name.
    context.asked = {"10.0.0.2", 9042};
    const auto later = read_topology(context, local({2, Bytes{10, 0, 0, 2}}), peers({{1}}, false));
    ASSERT_TRUE(later);
    ASSERT_EQ(later->nodes.size(), 2U);
    EXPECT_EQ(net::to_text(later->nodes[1].address), "cassandra.example:9042");

    // Unless it has moved meanwhile.
    const auto moved = read_topology(context, local({2, Bytes{10, 0, 0, 2}}), peers({{1, Bytes{10, 0, 0, 77}}}, false));
    ASSERT_TRUE(moved);
    EXPECT_EQ(net::to_text(moved->nodes[1].address), "10.0.0.77:9042");
}

TEST(Topology, PeersOfBothTablesHaveTheirPorts) {
    TopologyContext context = asked("10.0.0.1");
    const auto v2 = read_topology(context, local({1}), peers({{2, Bytes{10, 0, 0, 2}}}, true));
    ASSERT_TRUE(v2);
    EXPECT_EQ(net::to_text(v2->nodes[1].address), "10.0.0.2:19042");
    const auto v1 = read_topology(context, local({1}), peers({{2, Bytes{10, 0, 0, 2}}}, false));
    ASSERT_TRUE(v1);
    EXPECT_EQ(net::to_text(v1->nodes[1].address), "10.0.0.2:9042");
}

TEST(Topology, AnAddressOfZerosMeansTheOneThatNodesUse) {
    TopologyContext context = asked("10.0.0.1");
    const auto topology = read_topology(context, local({1}), peers({{2, Bytes{0, 0, 0, 0}}}, false));
    ASSERT_TRUE(topology);
    EXPECT_EQ(topology->nodes[1].address.host, "10.0.9.2");
}

TEST(Topology, NodesThatAreNotThereYetAndSecondRowsAreLeftOut) {
    TopologyContext context = asked("10.0.0.1");
    const std::vector<Told> nodes{{2, Bytes{10, 0, 0, 2}},
                                  {2, Bytes{10, 0, 0, 3}},
                                  {1, Bytes{10, 0, 0, 1}},
                                  {4, Bytes{10, 0, 0, 4}, ""},
                                  {5, Bytes{10, 0, 0, 5}, "dc1", {}}};
    const auto topology = read_topology(context, local({1}), peers(nodes, false));
    ASSERT_TRUE(topology);
    ASSERT_EQ(topology->nodes.size(), 2U);
    EXPECT_EQ(topology->nodes[1].address.host, "10.0.0.2");
}

TEST(Topology, WhatEventsToldIsKept) {
    TopologyContext context = asked("10.0.0.1");
    context.up = {{"10.0.0.2:9042", false}};
    const auto topology = read_topology(context, local({1}), peers({{2, Bytes{10, 0, 0, 2}}}, false));
    ASSERT_TRUE(topology);
    EXPECT_TRUE(topology->nodes[0].is_up);
    EXPECT_FALSE(topology->nodes[1].is_up);
}

TEST(Topology, TheRingIsOfMurmur3TokensOnly) {
    TopologyContext context = asked("10.0.0.1");
    const auto told = peers({{2, Bytes{10, 0, 0, 2}, "dc2", {"100", "nonsense"}}}, false);
    const auto topology = read_topology(context, local({1, Bytes{10, 0, 0, 1}, "dc1", {"-5"}}), told);
    ASSERT_TRUE(topology);
    ASSERT_EQ(topology->ring.entries().size(), 2U);
    EXPECT_EQ(topology->ring.owner(50), 1U);
    EXPECT_EQ(topology->ring.owner(101), 0U);
    EXPECT_EQ(topology->datacenters(), (std::vector<std::string>{"dc1", "dc2"}));
    const auto random = read_topology(context, local({1}, "org.apache.cassandra.dht.RandomPartitioner"), told);
    ASSERT_TRUE(random);
    EXPECT_TRUE(random->ring.empty());
}

TEST(Topology, AnEmptySystemLocalIsAnError) {
    TopologyContext context = asked("10.0.0.1");
    const auto topology = read_topology(context, made_rows({column("host_id", TypeCode::uuid)}, {}), peers({}, true));
    ASSERT_FALSE(topology);
    EXPECT_NE(topology.error().message.find("10.0.0.1:9042"), std::string::npos);
}

TEST(Topology, TheDatacenterThatIsConfiguredStays) {
    TopologyContext context = asked("10.0.0.1");
    context.local_datacenter = "dc2";
    const auto topology = read_topology(context, local({1}), peers({}, true));
    ASSERT_TRUE(topology);
    EXPECT_EQ(topology->local_datacenter, "dc2");
}

TEST(Uuid, IsWrittenInItsUsualForm) {
    const Uuid uuid{0x6B, 0xA7, 0xB8, 0x10, 0x9D, 0xAD, 0x11, 0xD1, 0x80, 0xB4, 0x00, 0xC0, 0x4F, 0xD4, 0x30, 0xC8};
    EXPECT_EQ(to_text(uuid), "6ba7b810-9dad-11d1-80b4-00c04fd430c8");
}

std::shared_ptr<const Topology> four_nodes() {
    // Two racks of dc1 and one node of dc2, whose tokens lie between.
    TopologyContext context = asked("10.0.0.1");
    const std::vector<Told> nodes{{2, Bytes{10, 0, 0, 2}, "dc1", {"100"}, "r1"},
                                  {3, Bytes{10, 0, 0, 3}, "dc2", {"150"}, "r1"},
                                  {4, Bytes{10, 0, 0, 4}, "dc1", {"200"}, "r2"}};
    auto topology = read_topology(context, local({1, Bytes{10, 0, 0, 1}, "dc1", {"0"}, "r1"}), peers(nodes, false));
    EXPECT_TRUE(topology);
    return std::make_shared<const Topology>(std::move(*topology));
}

std::vector<std::string> hosts(const Topology& topology, std::span<const std::uint32_t> nodes) {
    std::vector<std::string> list;
    for (const std::uint32_t node : nodes) list.push_back(topology.nodes[node].address.host);
    return list;
}

TEST(ReplicaMap, OfTheNetworkTopologyStrategyPreferOtherRacksOfTheDatacenter) {
    const auto topology = four_nodes();
    ReplicaMap map(topology, {{"class", "NetworkTopologyStrategy"}, {"dc1", "2"}, {"dc2", "1"}}, "dc1");
    EXPECT_EQ(hosts(*topology, map.replicas(-10)), (std::vector<std::string>{"10.0.0.1", "10.0.0.4"}));
    EXPECT_EQ(hosts(*topology, map.replicas(101)), (std::vector<std::string>{"10.0.0.4", "10.0.0.1"}));
    ReplicaMap other(topology, {{"class", "org.apache.cassandra.locator.NetworkTopologyStrategy"}, {"dc2", "1"}},
                     "dc2");
    EXPECT_EQ(hosts(*topology, other.replicas(1000)), (std::vector<std::string>{"10.0.0.3"}));
}

TEST(ReplicaMap, OfTheSimpleStrategyAreThoseOfTheDatacenter) {
    const auto topology = four_nodes();
    ReplicaMap map(topology, {{"class", "SimpleStrategy"}, {"replication_factor", "3"}}, "dc1");
    EXPECT_EQ(hosts(*topology, map.replicas(50)), (std::vector<std::string>{"10.0.0.2", "10.0.0.4"}));
}

TEST(ReplicaMap, HasNoneWhereTheStrategyIsNotKnown) {
    const auto topology = four_nodes();
    for (const std::map<std::string, std::string>& replication :
         {std::map<std::string, std::string>{},
          {{"class", "LocalStrategy"}},
          {{"class", "SimpleStrategy"}},
          {{"class", "NetworkTopologyStrategy"}, {"dc9", "3"}},
          {{"class", "SimpleStrategy"}, {"replication_factor", "many"}}}) {
        ReplicaMap map(topology, replication, "dc1");
        EXPECT_TRUE(map.replicas(5).empty());
    }
}

}  // namespace
}  // namespace crossfade::nodes
