#include "gateway/identity.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "bundle/bundle.hpp"
#include "bundle/certificate_facts.hpp"
#include "gateway/token_file.hpp"

namespace crossfade::gateway {
namespace {

using testing::HasSubstr;

constexpr std::chrono::sys_seconds now{std::chrono::seconds(1'780'056'000)};

struct IdentityTest : testing::Test {
    IdentityTest() {
        std::string pattern = (std::filesystem::temp_directory_path() / "gateway-XXXXXX").string();
        folder.path = ::mkdtemp(pattern.data());
        settings.name = "shop";
        settings.hosts = {"127.0.0.1", "custom.example.org"};
        EXPECT_TRUE(make_folder(folder));
    }
    ~IdentityTest() override { std::filesystem::remove_all(folder.path); }
    Folder folder;
    Settings settings;
};

TEST_F(IdentityTest, OfABundleThatWasMadeTwiceTheLastOneIsTheNewest) {
    ASSERT_TRUE(make_identity(folder, settings, now));
    const auto first = issue_bundle(folder, settings, "dc1", "127.0.0.1", now);
    const auto second = issue_bundle(folder, settings, "dc1", "127.0.0.1", now);
    ASSERT_TRUE(first && second && issue_bundle(folder, settings, "dc1", "custom.example.org", now));
    const auto issued = read_issued(folder);
    ASSERT_TRUE(issued);
    ASSERT_NE(issued->newest("dc1", "127.0.0.1"), nullptr);
    EXPECT_EQ(issued->newest("dc1", "127.0.0.1")->serial, second->serial);
    EXPECT_EQ(issued->newest("dc2", "127.0.0.1"), nullptr);
    EXPECT_EQ(issued->newest("dc1", "other.example.org"), nullptr);
}

TEST_F(IdentityTest, MakesBundlesThatCountUntilTheyAreRevoked) {
    ASSERT_TRUE(make_identity(folder, settings, now));
    const auto first = issue_bundle(folder, settings, "dc1", "127.0.0.1", now);
    ASSERT_TRUE(first) << first.error().message;
    const auto second = issue_bundle(folder, settings, "dc/2", "custom.example.org", now);
    ASSERT_TRUE(second) << second.error().message;
    EXPECT_THAT(first->file, HasSubstr("/secure-connect-shop-dc1.zip"));
    EXPECT_THAT(second->file, HasSubstr("/secure-connect-shop-dc_2-custom.example.org.zip"));
    const auto bundle = bundle::read_bundle(first->file);
    ASSERT_TRUE(bundle) << bundle.error().message;
    EXPECT_EQ(bundle::read_certificate_facts("", bundle->certificate)->serial, first->serial);
    const auto server = bundle::read_certificate_facts("", *read_text(folder.server_certificate()));
    EXPECT_EQ(server->common_name, "127.0.0.1");
    EXPECT_THAT(server->dns_names, testing::ElementsAre("custom.example.org"));
    EXPECT_TRUE(net::make_server_tls(*read_server_tls(folder)));

    ASSERT_TRUE(revoke_certificate(folder, first->serial, now));
    const auto issued = read_issued(folder);
    EXPECT_EQ(issued->find(first->serial)->revoked, now);
    EXPECT_EQ(issued->find(second->serial)->revoked, std::chrono::sys_seconds());
    EXPECT_EQ(issued->list_number, 2);
    EXPECT_FALSE(issued->find(first->serial)->counts(now));
    EXPECT_TRUE(issued->find(second->serial)->counts(now));
    EXPECT_FALSE(issued->find(second->serial)->counts(second->until));
    EXPECT_EQ(revoke_certificate(folder, "00", now).error().kind, base::ErrorKind::not_found);

    const std::string before = *read_text(folder.server_certificate());
    ASSERT_TRUE(renew_server(folder, settings, now));
    EXPECT_NE(*read_text(folder.server_certificate()), before);
    EXPECT_TRUE(net::make_server_tls(*read_server_tls(folder)));

    const std::string list = *read_text(folder.revocations());
    std::ofstream(folder.revocations(), std::ios::trunc).close();
    EXPECT_THAT(read_server_tls(folder).error().message, HasSubstr(folder.revocations()));
    std::ofstream(folder.revocations()) << list;

    // What others could read is not used.
    ::chmod(folder.server_key().c_str(), 0640);
    EXPECT_THAT(read_server_tls(folder).error().message, HasSubstr("chmod 600 " + folder.server_key()));
    ::chmod(folder.server_key().c_str(), 0600);
    ::chmod(folder.path.c_str(), 0755);
    EXPECT_THAT(issue_bundle(folder, settings, "dc1", "127.0.0.1", now).error().message,
                HasSubstr("chmod 700 " + folder.path));
}

TEST_F(IdentityTest, TokensAreAddedAndTakenAwayInTheFile) {
    EXPECT_TRUE(read_tokens(folder)->empty());
    const MadeToken one = make_token({"r", "p"}, {}, now, {}), two = make_token({"r", "p"}, {}, now, {});
    ASSERT_TRUE(add_token(folder, one.token));
    ASSERT_TRUE(add_token(folder, two.token));
    ASSERT_TRUE(remove_token(folder, one.token.client_id));
    EXPECT_EQ(*read_tokens(folder), std::vector{two.token});
    EXPECT_EQ(remove_token(folder, one.token.client_id).error().kind, base::ErrorKind::not_found);
    std::ofstream(folder.tokens()) << "{}";
    EXPECT_FALSE(add_token(folder, one.token));
}

TEST(Issued, ABrokenListIsNamed) {
    for (const char* text : {"", "{}", R"({"list_number":1,"bundles":[{}]})"})
        EXPECT_THAT(parse_issued("/d/issued.json", text).error().message, HasSubstr("/d/issued.json"));
}

}  // namespace
}  // namespace crossfade::gateway
