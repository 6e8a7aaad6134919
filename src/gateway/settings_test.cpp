#include "gateway/settings.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace crossfade::gateway {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

Settings good() {
    Settings settings;
    settings.name = "shop";
    settings.cluster = {{"127.0.0.21", 9042}, {"node2", 9142}};
    settings.hosts = {"Db.example.com", "custom.example.org"};
    settings.bind = {"127.0.0.1"};
    settings.guardrails = Guardrails::astra;
    settings.cluster_tls.is_on = true;
    settings.cluster_tls.ca = "cluster/ca.crt";
    settings.cluster_tls.certificate = "cluster/client.crt";
    settings.cluster_tls.key = "/etc/ssl/client.key";
    settings.cluster_tls.verifies_host = false;
    settings.username = "gw";
    settings.password_variable = "GW_PASSWORD";
    settings.threads = 3;
    return settings;
}

TEST(GatewaySettings, ComeBackFromTheFile) {
    const auto read = parse_settings("gateway.json", to_json(good()));
    ASSERT_TRUE(read) << read.error().message;
    EXPECT_EQ(to_json(*read), to_json(good()));
    EXPECT_EQ(net::to_text(read->cluster[1]), "node2:9142");
    EXPECT_TRUE(read->cluster_tls.is_on);
    EXPECT_EQ(read->cluster_tls.ca, "cluster/ca.crt");
    EXPECT_EQ(read->cluster_tls.certificate, "cluster/client.crt");
    EXPECT_EQ(read->cluster_tls.key, "/etc/ssl/client.key");
    EXPECT_FALSE(read->cluster_tls.verifies_host);
}

TEST(GatewaySettings, AFileWithoutAWordOfTlsIsOfAPlainClusterAndVerifiesHostsWhereTlsIsTurnedOn) {
    constexpr std::string_view old = R"({"name": "n", "cluster": ["c"], "hosts": ["h"])";
    const auto plain = parse_settings("gateway.json", std::string(old) + "}");
    ASSERT_TRUE(plain) << plain.error().message;
    EXPECT_FALSE(plain->cluster_tls.is_on);
    const auto turned_on = parse_settings("gateway.json", std::string(old) + R"(, "cluster_tls": true})");
    ASSERT_TRUE(turned_on) << turned_on.error().message;
    EXPECT_TRUE(turned_on->cluster_tls.is_on);
    EXPECT_TRUE(turned_on->cluster_tls.verifies_host);
}

TEST(GatewaySettings, AHostIsFoundWhateverItsCase) {
    EXPECT_EQ(good().host_named("dB.EXAMPLE.com"), "Db.example.com");
    EXPECT_EQ(good().host_named("custom.example.org."), "custom.example.org");
    EXPECT_EQ(good().host_named("other.example.org"), "");
    EXPECT_EQ(good().host_named(""), "");
}

TEST(GatewaySettings, WhatDriversCannotUseIsRefused) {
    const auto problem_of = [](auto change) {
        Settings settings = good();
        change(settings);
        const auto found = problems(settings);
        return found.empty() ? std::string("none") : found.front();
    };
    EXPECT_EQ(problem_of([](Settings&) {}), "none");
    EXPECT_EQ(problem_of([](Settings& s) { s.hosts = {"10.0.0.1", "db"}; }), "none");
    EXPECT_THAT(problem_of([](Settings& s) { s.hosts = {"db", "10.0.0.1"}; }), HasSubstr("only the first"));
    EXPECT_THAT(problem_of([](Settings& s) { s.hosts = {"::1"}; }), HasSubstr("IPv6"));
    EXPECT_THAT(problem_of([](Settings& s) { s.hosts = {"db", "DB"}; }), HasSubstr("twice"));
    EXPECT_THAT(problem_of([](Settings& s) { s.hosts = {}; }), HasSubstr("hosts"));
    EXPECT_THAT(problem_of([](Settings& s) { s.name = "a/b"; }), HasSubstr("slash"));
    EXPECT_THAT(problem_of([](Settings& s) { s.metadata_port = s.cql_port; }), HasSubstr("two ports"));
    EXPECT_THAT(problem_of([](Settings& s) { s.cluster_tls.key = ""; }), HasSubstr("belong together"));
    EXPECT_THAT(problem_of([](Settings& s) { s.cluster_tls.is_on = false; }), HasSubstr("make cluster_tls true"));
    EXPECT_THAT(problem_of([](Settings& s) { s.password_variable = ""; }), HasSubstr("both"));
}

TEST(GatewaySettings, AWrongFieldIsNamed) {
    EXPECT_THAT(parse_settings("/d/gateway.json", R"({"cql_prot": 1})").error().message,
                HasSubstr("/d/gateway.json: cql_prot: there is no such setting"));
    EXPECT_THAT(parse_settings("/d/gateway.json", R"({"cql_port": 70000})").error().message, HasSubstr("cql_port"));
    EXPECT_THAT(parse_settings("/d/gateway.json", R"({"cluster_tls": "yes"})").error().message,
                HasSubstr("cluster_tls: it has to be true or false"));
    EXPECT_THAT(parse_settings("/d/gateway.json", R"({"guardrails": "on"})").error().message,
                HasSubstr("off and astra"));
    EXPECT_THAT(parse_settings("/d/gateway.json", "").error().message, HasSubstr("JSON"));
}

}  // namespace
}  // namespace crossfade::gateway
