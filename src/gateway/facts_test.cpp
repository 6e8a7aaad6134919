#include "gateway/facts.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "bundle/metadata.hpp"
#include "gateway/metadata_answer.hpp"

namespace crossfade::gateway {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

nodes::Node node(std::uint8_t number, const std::string& datacenter, bool is_up = true) {
    nodes::Node one;
    one.host_id[15] = number;
    one.address = {"10.0.0." + std::to_string(number), 9042};
    one.datacenter = datacenter;
    one.is_up = is_up;
    return one;
}
std::string host_id(int number) {
    return "00000000-0000-0000-0000-00000000000" + std::to_string(number);
}

struct GatewayFactsTest : testing::Test {
    GatewayFactsTest() {
        settings.name = "shop";
        settings.hosts = {"db.example.com", "custom.example.org"};
        topology.local_datacenter = "dc1";
        topology.nodes = {node(3, "dc2"), node(2, "dc1"), node(1, "dc1")};
    }
    std::vector<std::string> routed(std::string_view server_name) {
        std::vector<std::string> texts;
        for (const net::Address& address : routes(settings, &topology, server_name)) texts.push_back(address.host);
        return texts;
    }
    net::HttpResponse asked(const std::string& serial, const std::string& path = "/metadata",
                            const std::string& method = "GET") {
        Facts facts;
        facts.topology = std::make_shared<const nodes::Topology>(topology);
        Issued issued;
        issued.bundles = {{"AA", "dc1", "db.example.com", "f", {}, {}},
                          {"BB", "dc2", "custom.example.org", "f", {}, {}},
                          {"CC", "dc1", "db.example.com", "f", {}, std::chrono::sys_seconds(std::chrono::seconds(1))}};
        facts.issued = std::make_shared<const Issued>(issued);
        net::HttpRequest request;
        request.method = method;
        request.path = path;
        request.peer_certificate = serial;
        return answer_metadata(settings, facts, request);
    }
    Settings settings;
    nodes::Topology topology;
};

TEST_F(GatewayFactsTest, AHostIdLeadsToItsNodeAlone) {
    EXPECT_THAT(routed(host_id(2)), ElementsAre("10.0.0.2"));
    EXPECT_THAT(routed(host_id(3)), ElementsAre("10.0.0.3"));
    EXPECT_THAT(routed("0000000A-0000-0000-0000-000000000000"), IsEmpty());
}

TEST_F(GatewayFactsTest, TheGatewaysOwnNameLeadsToOneNodeAndToOthersOnlyWhereItIsAway) {
    const auto all = ElementsAre("10.0.0.1", "10.0.0.2", "10.0.0.3");
    EXPECT_THAT(routed(""), all);
    EXPECT_THAT(routed("DB.example.com"), all);
    EXPECT_THAT(routed("custom.example.org"), all);
    EXPECT_THAT(routed("other.example.org"), IsEmpty());
    topology.nodes[2].is_up = false;
    EXPECT_THAT(routed(""), ElementsAre("10.0.0.2", "10.0.0.3", "10.0.0.1"));
    EXPECT_THAT(routes(settings, nullptr, ""), IsEmpty());
}

TEST_F(GatewayFactsTest, OtherServerNamesAreNotAccepted) {
    ServerNames names(settings);
    EXPECT_FALSE(names.accepts(host_id(1)));
    names.set_nodes(topology);
    EXPECT_TRUE(names.accepts(host_id(1)));
    EXPECT_TRUE(names.accepts("db.EXAMPLE.com"));
    EXPECT_TRUE(names.accepts(""));
    EXPECT_FALSE(names.accepts(host_id(9)));
    EXPECT_FALSE(names.accepts("other.example.org"));
}

TEST_F(GatewayFactsTest, EachBundleIsToldItsDatacenterBehindItsHost) {
    const auto first = bundle::parse_metadata("m", asked("AA").body),
               second = bundle::parse_metadata("m", asked("BB").body);
    ASSERT_TRUE(first && second);
    EXPECT_EQ(first->local_datacenter, "dc1");
    EXPECT_EQ(net::to_text(first->sni_proxy), "db.example.com:29042");
    EXPECT_THAT(first->contact_points, ElementsAre(host_id(2), host_id(1)));
    EXPECT_EQ(second->local_datacenter, "dc2");
    EXPECT_EQ(net::to_text(second->sni_proxy), "custom.example.org:29042");
    EXPECT_THAT(second->contact_points, ElementsAre(host_id(3)));
}

TEST_F(GatewayFactsTest, WithoutANodeOfItsDatacenterTheOthersAreTold) {
    topology.nodes[0].is_up = false;
    const auto second = bundle::parse_metadata("m", asked("BB").body);
    ASSERT_TRUE(second);
    EXPECT_THAT(second->contact_points, ElementsAre(host_id(2), host_id(1)));
    EXPECT_EQ(second->region, "");
    for (nodes::Node& one : topology.nodes) one.is_up = false;
    EXPECT_EQ(asked("AA").status, 503);
    EXPECT_THAT(asked("AA").body, HasSubstr("\"message\""));
}

TEST_F(GatewayFactsTest, OtherRequestsAreRefused) {
    EXPECT_EQ(asked("AA", "/").status, 404);
    EXPECT_EQ(asked("AA", "/metadata", "POST").status, 405);
    EXPECT_EQ(asked("unknown").status, 200);
}

TEST_F(GatewayFactsTest, ARevokedBundleIsToldNothingOnAConnectionThatIsStillOpen) {
    EXPECT_EQ(asked("CC").status, 403);
}

TEST_F(GatewayFactsTest, AstraOffersNoV5AndEveryoneIsToldTheProduct) {
    const auto off = greeting_of(cql::ProtocolVersion::v5,
                                 {{"PROTOCOL_VERSIONS", {"3/v3", "4/v4", "5/v5", "6/v6-beta"}}}, Guardrails::off);
    EXPECT_THAT(off.versions,
                ElementsAre(cql::ProtocolVersion::v5, cql::ProtocolVersion::v4, cql::ProtocolVersion::v3));
    EXPECT_THAT(off.supported.at("PRODUCT_TYPE"), ElementsAre("DATASTAX_APOLLO"));
    EXPECT_THAT(off.supported.at("PROTOCOL_VERSIONS"), ElementsAre("3/v3", "4/v4", "5/v5"));
    EXPECT_THAT(greeting_of(cql::ProtocolVersion::v5, {}, Guardrails::astra).versions,
                ElementsAre(cql::ProtocolVersion::v4, cql::ProtocolVersion::v3));
    EXPECT_THAT(greeting_of(cql::ProtocolVersion::v3, {}, Guardrails::off).versions,
                ElementsAre(cql::ProtocolVersion::v3));
}

}  // namespace
}  // namespace crossfade::gateway
