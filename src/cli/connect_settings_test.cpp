#include "cli/connect_settings.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/connect_options.hpp"
#include "cli/test_folder.hpp"

namespace crossfade::cli {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class ConnectSettingsTest : public testing::Test {
protected:
    void environment(const std::map<std::string, std::string>& variables) {
        table.read_environment([&](const char* name) -> const char* {
            const auto found = variables.find(name);
            return found == variables.end() ? nullptr : found->second.c_str();
        });
    }
    // The options that these settings make; they must be right.
    connect::Options options() {
        const ConnectOptionsResult made = make_connect_options(settings, table);
        EXPECT_THAT(table.problems(), IsEmpty());
        return made.options;
    }
    std::string problem() {
        if (table.problems().empty()) make_connect_options(settings, table);
        return table.problems().empty() ? "none" : table.problems().front();
    }

    ConnectSettings settings;
    ConnectSettingTable table{settings};
};

TEST_F(ConnectSettingsTest, EveryVariableOfCqlProxyIsUnderstood) {
    environment({{"CONTACT_POINTS", "10.0.0.1,10.0.0.2:9142"},
                 {"USERNAME", "u"},
                 {"PASSWORD", "p"},
                 {"PORT", "9043"},
                 {"PROTOCOL_VERSION", "v4"},
                 {"MAX_PROTOCOL_VERSION", "v4"},
                 {"BIND", ":9999"},
                 {"DEBUG", "true"},
                 {"HEALTH_CHECK", "true"},
                 {"HTTP_BIND", "127.0.0.1:8001"},
                 {"HEARTBEAT_INTERVAL", "10s"},
                 {"CONNECT_TIMEOUT", "3s"},
                 {"IDLE_TIMEOUT", "1m"},
                 {"READINESS_TIMEOUT", "45s"},
                 {"IDEMPOTENT_GRAPH", "true"},
                 {"NUM_CONNS", "2"},
                 {"RPC_ADDRESS", "10.1.0.1"},
                 {"DATA_CENTER", "dc7"},
                 {"TOKENS", "1,-2"},
                 {"UNSUPPORTED_WRITE_CONSISTENCIES", "ANY,one"}});
    const connect::Options made = options();
    EXPECT_EQ(net::to_text(made.cluster.contact_points.at(0)), "10.0.0.1:9043");
    EXPECT_EQ(net::to_text(made.cluster.contact_points.at(1)), "10.0.0.2:9142");
    EXPECT_EQ(made.cluster.credentials, (nodes::Credentials{"u", "p"}));
    EXPECT_EQ(net::to_text(made.bind), "0.0.0.0:9999");
    EXPECT_EQ(net::to_text(*made.health), "127.0.0.1:8001");
    EXPECT_EQ(made.highest_version, cql::ProtocolVersion::v4);
    EXPECT_THAT(made.cluster_versions, ElementsAre(cql::ProtocolVersion::v4, cql::ProtocolVersion::v3));
    EXPECT_EQ(made.times.heartbeat_every, std::chrono::seconds(10));
    EXPECT_EQ(made.readiness_timeout, std::chrono::seconds(45));
    EXPECT_EQ(made.connections_per_node, 2U);
    EXPECT_TRUE(made.repeats_graph && settings.debug);
    EXPECT_EQ(made.shown.host, "10.1.0.1");
    EXPECT_EQ(made.shown.port, 9999);
    EXPECT_EQ(made.shown.datacenter, "dc7");
    EXPECT_THAT(made.shown.tokens, ElementsAre("1", "-2"));
    EXPECT_THAT(made.unsupported_write_consistencies, ElementsAre(cql::Consistency::any, cql::Consistency::one));
    EXPECT_EQ(table.variables_used().size(), 20U);
}

TEST_F(ConnectSettingsTest, AUsernameOfTheShellIsNotTakenAlone) {
    environment({{"USERNAME", "root"}, {"CONTACT_POINTS", "10.0.0.1"}});
    EXPECT_TRUE(options().cluster.credentials.empty());
    EXPECT_THAT(table.variables_used(), ElementsAre("CONTACT_POINTS"));
}

TEST_F(ConnectSettingsTest, AFlagBeatsTheEnvironmentAndThatTheFile) {
    TestFolder folder;
    table.read_file(folder.write("c.yaml",
                                 "contact-points: [10.0.0.1, 10.0.0.2]\nport: 1\nbind: 127.0.0.1:1\nnum-conns: 3\n"
                                 "rpc-address: 10.1.0.1\npeers:\n  - rpc-address: 10.1.0.1\n  - rpc-address: 10.1.0.2\n"
                                 "    data-center: dc2\n    tokens: ['5']\n"));
    environment({{"PORT", "2"}, {"BIND", "127.0.0.1:2"}});
    table.apply_flag("bind", "127.0.0.1:3");
    const connect::Options made = options();
    EXPECT_EQ(net::to_text(made.cluster.contact_points.at(1)), "10.0.0.2:2");
    EXPECT_EQ(made.bind.port, 3);
    EXPECT_EQ(made.connections_per_node, 3U);
    ASSERT_EQ(made.peers.size(), 1U) << "the endpoint itself is left out";
    EXPECT_EQ(made.peers[0].host, "10.1.0.2");
    EXPECT_EQ(made.peers[0].datacenter, "dc2");
    EXPECT_THAT(made.peers[0].tokens, ElementsAre("5"));
}

TEST_F(ConnectSettingsTest, WhatIsWrongInAFileIsNamedByItsLine) {
    TestFolder folder;
    table.read_file(folder.write("c.yaml", "port: many\nwhatever: 1\npeers:\n  - data-center: x\n"));
    EXPECT_THAT(table.problems(), testing::UnorderedElementsAre(HasSubstr("c.yaml:1: port: 'many' is no whole number"),
                                                                HasSubstr("c.yaml:2: whatever: is no setting"),
                                                                HasSubstr("c.yaml:4: peers: one has no rpc-address")));
}

TEST_F(ConnectSettingsTest, SaysWhatIsMissing) {
    EXPECT_THAT(problem(), HasSubstr("there is no cluster to connect to"));
}

TEST_F(ConnectSettingsTest, SaysWhatDoesNotGoTogether) {
    const auto with = [](const std::map<std::string, std::string>& flags) {
        ConnectSettings fresh;
        ConnectSettingTable fresh_table(fresh);
        fresh_table.apply_flag("contact-points", "10.0.0.1");
        for (const auto& [name, text] : flags) fresh_table.apply_flag(name, text);
        if (fresh_table.problems().empty()) make_connect_options(fresh, fresh_table);
        return fresh_table.problems().empty() ? std::string("none") : fresh_table.problems().front();
    };
    EXPECT_EQ(with({}), "none");
    EXPECT_THAT(with({{"username", "u"}}), HasSubstr("--username: has no password"));
    EXPECT_THAT(with({{"password", "p"}}), HasSubstr("--password: is a password without a user"));
    EXPECT_THAT(with({{"heartbeat-interval", "60s"}}), HasSubstr("idle-timeout has to be longer"));
    EXPECT_THAT(with({{"protocol-version", "v5"}, {"max-protocol-version", "v4"}}), HasSubstr("is higher than"));
    EXPECT_THAT(with({{"proxy-cert-file", "x"}}), HasSubstr("belong together"));
    EXPECT_THAT(with({{"cluster-ca-file", "/nowhere.pem"}}), HasSubstr("/nowhere.pem"));
    EXPECT_THAT(with({{"unsupported-write-consistencies", "SOME"}}), HasSubstr("'SOME' is no consistency level"));
    EXPECT_THAT(with({{"unsupported-write-consistencies", "LOCAL_QUORUM"}}), HasSubstr("is one of the unsupported"));
    EXPECT_THAT(with({{"rpc-address", "here"}}), HasSubstr("is no IP address"));
    EXPECT_THAT(with({{"tokens", "x"}}), HasSubstr("'x' is no token"));
    EXPECT_THAT(with({{"idle-timeout", "soon"}}), HasSubstr("--idle-timeout: 'soon' is no duration"));
    EXPECT_THAT(with({{"client-auth", "cluster"}}), HasSubstr("needs a role to watch"));
    EXPECT_THAT(with({{"bind", "nowhere:x"}}), HasSubstr("--bind: 'nowhere:x' is no address"));
    EXPECT_THAT(with({{"astra-bundle", "/nowhere.zip"}}), HasSubstr("/nowhere.zip"));
}

TEST_F(ConnectSettingsTest, ATokenNeedsItsDatabase) {
    table.apply_flag("astra-token", "AstraCS:secret");
    EXPECT_THAT(problem(), HasSubstr("--astra-database-id: is missing"));
    EXPECT_THAT(problem(), testing::Not(HasSubstr("secret")));
}

}  // namespace
}  // namespace crossfade::cli
