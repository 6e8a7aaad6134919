// What is refused before anything is connected to, and in which words.
#include <gmock/gmock.h>

#include "crossfade/crossfade.hpp"

namespace crossfade {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

std::string refusal(const ClusterOptions& options) {
    try {
        Cluster::build_new_cluster(options);
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), ErrorCode::bad_configuration);
        return error.what();
    }
    return "(built)";
}

ClusterOptions with_login() {
    return ClusterOptions{}.username("token").password("AstraCS:invented-secret");
}

TEST(ClusterOptions, ContactPointsTogetherWithABundleAreRefused) {
    EXPECT_THAT(refusal(with_login().contact_points("10.20.30.40").secure_connect_bundle("/tmp/scb.zip")),
                HasSubstr("contact points and a secure connect bundle were given"));
}

TEST(ClusterOptions, ABundleWithoutCredentialsIsRefused) {
    EXPECT_THAT(refusal(ClusterOptions{}.secure_connect_bundle("/tmp/scb.zip")), HasSubstr("needs credentials"));
}

TEST(ClusterOptions, WhatABundleSaysIsNotSaidTwice) {
    EXPECT_THAT(refusal(with_login().secure_connect_bundle("/tmp/scb.zip").local_datacenter("dc1")),
                HasSubstr("the bundle says which is local"));
    EXPECT_THAT(refusal(with_login().secure_connect_bundle("/tmp/scb.zip").tls(TlsOptions())),
                HasSubstr("certificates come from the bundle"));
}

TEST(ClusterOptions, ABundleThatIsNotThereIsRefusedByItsPath) {
    EXPECT_THAT(refusal(with_login().secure_connect_bundle({"/nowhere/first.zip", "/nowhere/second.zip"})),
                HasSubstr("/nowhere/first.zip"));
}

TEST(ClusterOptions, SomethingToConnectToIsNeeded) {
    EXPECT_THAT(refusal(ClusterOptions{}), HasSubstr("neither a contact point nor a secure connect bundle"));
    EXPECT_THAT(refusal(ClusterOptions{}.contact_points(" , ")), HasSubstr("neither a contact point"));
}

TEST(ClusterOptions, NoSecretIsInAnyRefusal) {
    EXPECT_THAT(refusal(ClusterOptions{}.contact_points("a").password("invented-secret")),
                ::testing::AllOf(HasSubstr("without a user name"), Not(HasSubstr("invented-secret"))));
    EXPECT_THAT(refusal(with_login().contact_points("a").secure_connect_bundle("/tmp/scb.zip")),
                Not(HasSubstr("invented-secret")));
}

TEST(ClusterOptions, ContactPointsWithNonsenseAreNamed) {
    EXPECT_THAT(refusal(ClusterOptions{}.contact_points("good,bad:port")), HasSubstr("'bad:port'"));
}

TEST(ClusterOptions, CertificatesThatCannotBeReadAreNamed) {
    EXPECT_THAT(refusal(ClusterOptions{}.contact_points("a").tls(TlsOptions().ca_file("/nowhere/ca.pem"))),
                HasSubstr("/nowhere/ca.pem"));
    EXPECT_THAT(
        refusal(ClusterOptions{}.contact_points("a").tls(TlsOptions().client_certificate("/nowhere/c.pem", ""))),
        HasSubstr("given together or not at all"));
}

TEST(ClusterOptions, V5HasNoSnappy) {
    EXPECT_THAT(refusal(ClusterOptions{}
                            .contact_points("a")
                            .protocol_version(ProtocolVersion::v5)
                            .compression(Compression::snappy)),
                HasSubstr("no snappy"));
}

TEST(ClusterOptions, FailoverThatCannotBeMeantIsRefused) {
    const auto here = [] { return ClusterOptions{}.contact_points("a").local_datacenter("dc1"); };
    EXPECT_THAT(refusal(ClusterOptions{}.contact_points("a").failover_datacenters({"dc2"})),
                HasSubstr("without a local one"));
    EXPECT_THAT(refusal(here().failover_datacenters({"dc2", "dc1"})), HasSubstr("'dc1' is there twice"));
    EXPECT_THAT(refusal(here().failover_datacenters({"dc2", "dc2"})), HasSubstr("'dc2' is there twice"));
    EXPECT_THAT(refusal(here().failover(std::chrono::seconds(0), std::chrono::seconds(1))), HasSubstr("positive"));
    EXPECT_THAT(refusal(with_login().secure_connect_bundle("/tmp/scb.zip").failover_datacenters({"dc2"})),
                HasSubstr("bundles of the other regions"));
}

TEST(ClusterOptions, WhatIsRightIsBuiltAndClosedWithoutAConnection) {
    const Cluster cluster = Cluster::build_new_cluster(with_login().contact_points("10.20.30.40, node-2:9142"));
    cluster.close();
    cluster.close();
    EXPECT_THROW(cluster.connect(), Error);
}

}  // namespace
}  // namespace crossfade
