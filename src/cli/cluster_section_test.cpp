// A cluster of crossfade.yaml that is reached by a Secure Connect Bundle. What is said of contact points is in
// configuration_test.cpp.
#include "cli/cluster_section.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "bundle/test_identities.hpp"
#include "cli/bundle_part.hpp"
#include "cli/configuration.hpp"
#include "cli/test_folder.hpp"

namespace crossfade::cli {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

// Counts today, and is made once: RSA keys take time.
const bundle::Bundle& counting_bundle() {
    static const bundle::Bundle one = [] {
        const auto validity = bundle::Validity::of_days(present(), std::chrono::days(100));
        const bundle::Authority authority = bundle::value_of(bundle::Authority::make("Test Root", validity));
        const bundle::CertificateAndKey client = bundle::value_of(authority.issue_client("client", validity));
        bundle::Bundle made = bundle::test_bundle();
        made.authority = authority.pem().certificate;
        made.certificate = client.certificate;
        made.key = client.key;
        return made;
    }();
    return one;
}

class ClusterByBundleTest : public testing::Test {
protected:
    void SetUp() override { write("shop.zip", counting_bundle()); }

    void write(const std::string& name, const bundle::Bundle& bundle) const {
        const auto written = bundle::write_bundle(bundle, folder.path(name), present().time_since_epoch().count());
        ASSERT_TRUE(written) << written.error().message;
    }
    // Problems with this target, without the folder's name.
    std::vector<std::string> load(const std::string& target) {
        const std::string yaml = "origin:\n  contact_points: [127.0.0.11]\ntarget:\n" + target;
        auto problems = configuration.load(folder.write("crossfade.yaml", yaml), {}, {"origin", "target"});
        for (std::string& problem : problems)
            for (std::size_t at = problem.find(folder.path("")); at != std::string::npos;
                 at = problem.find(folder.path("")))
                problem.erase(at, folder.path("").size());
        return problems;
    }

    TestFolder folder;
    Configuration configuration;
};

TEST_F(ClusterByBundleTest, ABundleAndATokenAreAllThereIsToSay) {
    folder.write("token", "AstraCS:abc\n");
    EXPECT_THAT(load("  secure_connect_bundle: shop.zip\n  password_file: token\n"), IsEmpty());
    const nodes::ClusterOptions& target = configuration.target;
    ASSERT_TRUE(target.metadata_service);
    EXPECT_EQ(net::to_text(*target.metadata_service), "db.example.com:29080");
    EXPECT_NE(target.tls, nullptr);
    EXPECT_THAT(target.contact_points, IsEmpty());
    EXPECT_EQ(target.credentials, (nodes::Credentials{"token", "AstraCS:abc"}));
    EXPECT_EQ(configuration.proxy.target.metadata_service->host, "db.example.com");
    EXPECT_FALSE(configuration.origin.metadata_service);
    EXPECT_THAT(configuration.keys().warnings(), IsEmpty());
}

TEST_F(ClusterByBundleTest, TheFileThatAstraGivesWithATokenIsTakenForIt) {
    folder.write("token.json", R"({"clientId":"c","secret":"s","token":"AstraCS:def"})");
    EXPECT_THAT(load("  secure_connect_bundle: shop.zip\n  password_file: token.json\n"), IsEmpty());
    EXPECT_EQ(configuration.target.credentials, (nodes::Credentials{"token", "AstraCS:def"}));
}

TEST_F(ClusterByBundleTest, AClientIdAndItsSecretLogInToo) {
    ::setenv("CROSSFADE_TEST_SECRET", "the secret", 1);
    EXPECT_THAT(load("  secure_connect_bundle: shop.zip\n  username: client\n  password_env: CROSSFADE_TEST_SECRET\n"),
                IsEmpty());
    EXPECT_EQ(configuration.target.credentials, (nodes::Credentials{"client", "the secret"}));
}

TEST_F(ClusterByBundleTest, WithoutALoginItIsRefusedAtItsLine) {
    EXPECT_THAT(load("  secure_connect_bundle: shop.zip\n"),
                ElementsAre("crossfade.yaml:4: target.secure_connect_bundle: a bundle goes with a login; give "
                            "target.password_file with the application token (or target.username with a client id, and "
                            "its secret)"));
    Configuration again;
    EXPECT_THAT(again.load("",
                           {{"origin.contact_points", "h"},
                            {"target.secure_connect_bundle", folder.path("shop.zip")},
                            {"target.username", "token"}},
                           {"origin", "target"}),
                ElementsAre("--target-username: has no password; give target.password_file or target.password_env"));
}

TEST_F(ClusterByBundleTest, WhatTheBundleSaysIsNotSaidAgain) {
    folder.write("token", "AstraCS:abc\n");
    EXPECT_THAT(
        load("  secure_connect_bundle: shop.zip\n  password_file: token\n  contact_points: [10.0.0.1]\n  port: 9142\n"
             "  tls: {}\n  local_datacenter: dc1\n"),
        ElementsAre("crossfade.yaml:6: target.contact_points: there is target.secure_connect_bundle too: the contact "
                    "points come from it; keep one of them",
                    "crossfade.yaml:7: target.port: there is target.secure_connect_bundle too: ports come from it; "
                    "keep one of them",
                    "crossfade.yaml:8: target.tls: there is target.secure_connect_bundle too: the certificates come "
                    "from it; keep one of them",
                    "crossfade.yaml:9: target.local_datacenter: there is target.secure_connect_bundle too: the local "
                    "datacenter comes from it; keep one of them"));
}

TEST_F(ClusterByBundleTest, WhatIsNoBundleOrHasEndedIsRefusedAtItsLine) {
    folder.write("token", "AstraCS:abc\n");
    folder.write("text.zip", "no zip archive");
    EXPECT_THAT(load("  secure_connect_bundle: text.zip\n  password_file: token\n"),
                ElementsAre(AllOf(StartsWith("crossfade.yaml:4: target.secure_connect_bundle: text.zip"),
                                  HasSubstr("crossfade bundle inspect"))));
    write("ended.zip", bundle::test_bundle());
    Configuration again;
    const auto problems = again.load("",
                                     {{"origin.contact_points", "h"},
                                      {"target.secure_connect_bundle", folder.path("ended.zip")},
                                      {"target.password_file", folder.path("token")}},
                                     {"origin", "target"});
    ASSERT_THAT(problems, testing::Not(IsEmpty()));
    EXPECT_THAT(problems.front(),
                AllOf(StartsWith("--target-secure-connect-bundle: "), HasSubstr("ended.zip: "), HasSubstr("ended")));
    EXPECT_THAT(load("  secure_connect_bundle: nowhere.zip\n  password_file: token\n").front(),
                StartsWith("crossfade.yaml:4: target.secure_connect_bundle: "));
}

TEST_F(ClusterByBundleTest, WithoutABundleAPasswordFileIsTakenAsItIs) {
    folder.write("password", "{\"odd\n");
    EXPECT_THAT(load("  contact_points: [h]\n  username: u\n  password_file: password\n"), IsEmpty());
    EXPECT_EQ(configuration.target.credentials.password, "{\"odd");
}

}  // namespace
}  // namespace crossfade::cli
