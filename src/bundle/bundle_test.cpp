#include "bundle/bundle.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>
#include <filesystem>

#include "bundle/key_stores.hpp"
#include "bundle/test_identities.hpp"

namespace crossfade::bundle {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

constexpr std::int64_t now = test_now.time_since_epoch().count();

std::vector<ZipEntry> without(std::vector<ZipEntry> files, std::string_view name) {
    std::erase_if(files, [&](const ZipEntry& file) { return file.name == name; });
    return files;
}

class BundleTest : public testing::Test {
protected:
    std::vector<ZipEntry> with_config(std::string_view json) const {
        std::vector<ZipEntry> changed = files;
        changed.front().content.assign(json.begin(), json.end());
        return changed;
    }
    std::string refusal(const std::vector<ZipEntry>& wrong) const {
        const auto read = read_bundle("scb.zip", wrong);
        if (read) return "accepted";
        EXPECT_EQ(read.error().kind, base::ErrorKind::bad_input);
        EXPECT_THAT(read.error().message, StartsWith("scb.zip: "));
        return read.error().message;
    }

    const std::vector<ZipEntry> files = value_of(make_bundle_files(test_bundle(), now));
};

TEST_F(BundleTest, HasEveryFileThatDriversLookFor) {
    std::vector<std::string> names;
    for (const ZipEntry& file : files) names.push_back(file.name);
    EXPECT_THAT(names, ElementsAre("config.json", "ca.crt", "cert", "key", "cert.pfx", "identity.jks", "trustStore.jks",
                                   "cqlshrc"));
    EXPECT_EQ(std::string(base::text_of(files[0].content)),
              R"({"host":"db.example.com","port":29080,"keyspace":"shop","localDC":"dc1","caCertLocation":"./ca.crt",)"
              R"("keyLocation":"./key","certLocation":"./cert","keyStoreLocation":"./identity.jks",)"
              R"("keyStorePassword":"keystorepass","trustStoreLocation":"./trustStore.jks",)"
              R"("trustStorePassword":"truststorepass","csvLocation":"./data","pfxCertPassword":"pfxpass"})"
              "\n");
    EXPECT_THAT(std::string(base::text_of(files[7].content)),
                testing::AllOf(HasSubstr("hostname = db.example.com"), HasSubstr("port = 29042")));
}

TEST_F(BundleTest, WhatWasWrittenIsReadAgain) {
    const Bundle wished = test_bundle();
    const Bundle read = value_of(read_bundle("scb.zip", files));
    EXPECT_EQ(read.host, wished.host);
    EXPECT_EQ(read.port, wished.port);
    EXPECT_EQ(read.cql_port, wished.cql_port);
    EXPECT_EQ(read.keyspace, wished.keyspace);
    EXPECT_EQ(read.local_datacenter, wished.local_datacenter);
    EXPECT_EQ(read.key_store_password, wished.key_store_password);
    EXPECT_EQ(read.trust_store_password, wished.trust_store_password);
    EXPECT_EQ(read.pfx_password, wished.pfx_password);
    EXPECT_EQ(read.authority, wished.authority);
    EXPECT_EQ(read.certificate, wished.certificate);
    EXPECT_EQ(read.key, wished.key);
}

TEST_F(BundleTest, ItsKeyStoresHoldTheSameCertificates) {
    const Bundle bundle = test_bundle();
    EXPECT_EQ(value_of(read_identity_store("i", files[5].content, bundle.key_store_password)).certificates,
              bundle.certificate);
    EXPECT_EQ(value_of(read_identity_store("p", files[4].content, bundle.pfx_password)).key, bundle.key);
    EXPECT_EQ(value_of(read_trust_store("t", files[6].content, bundle.trust_store_password)), bundle.authority);
}

TEST_F(BundleTest, PasswordsThatNobodyGaveAreMadeUp) {
    Bundle bundle = test_bundle();
    bundle.key_store_password = bundle.trust_store_password = bundle.pfx_password = {};
    const Bundle one = value_of(read_bundle("a", value_of(make_bundle_files(bundle, now))));
    const Bundle other = value_of(read_bundle("b", value_of(make_bundle_files(bundle, now))));
    EXPECT_EQ(one.key_store_password.reveal().size(), 24U);
    EXPECT_NE(one.key_store_password, one.trust_store_password);
    EXPECT_NE(one.key_store_password, other.key_store_password);
}

TEST_F(BundleTest, TheLeastThatDriversNeedIsEnough) {
    std::vector<ZipEntry> least = with_config(R"({"host":"h","port":"29080","unknown":{"a":[]}})");
    for (const char* name : {"cert.pfx", "identity.jks", "trustStore.jks", "cqlshrc"}) least = without(least, name);
    const Bundle read = value_of(read_bundle("scb.zip", least));
    EXPECT_EQ(read.port, 29080);
    EXPECT_EQ(read.cql_port, std::nullopt);
    EXPECT_TRUE(read.key_store_password.reveal().empty());
}

TEST_F(BundleTest, KeyStoresStandInForPemFiles) {
    std::vector<ZipEntry> for_java = files;
    for (const char* name : {"ca.crt", "cert", "key", "cert.pfx", "cqlshrc"}) for_java = without(for_java, name);
    const Bundle read = value_of(read_bundle("scb.zip", for_java));
    EXPECT_EQ(read.authority, test_bundle().authority);
    EXPECT_EQ(read.certificate, test_bundle().certificate);
    EXPECT_EQ(read.key, test_bundle().key);
    std::vector<ZipEntry> wrong_password = for_java;
    std::string config(base::text_of(wrong_password[0].content));
    config.replace(config.find("keystorepass"), 12, "someotherpas");
    wrong_password[0].content.assign(config.begin(), config.end());
    EXPECT_THAT(refusal(wrong_password), HasSubstr("identity.jks: its password"));
}

TEST_F(BundleTest, MissingFilesAreNamed) {
    EXPECT_THAT(refusal(without(files, "config.json")), HasSubstr("no config.json in it; download the bundle again"));
    const auto no_stores = without(without(files, "identity.jks"), "trustStore.jks");
    EXPECT_THAT(refusal(without(no_stores, "ca.crt")), HasSubstr("no ca.crt in it"));
    EXPECT_THAT(refusal(without(no_stores, "cert")), HasSubstr("no cert in it"));
    EXPECT_THAT(refusal(without(no_stores, "key")), HasSubstr("no key in it"));
}

TEST_F(BundleTest, ConfigurationsThatNobodyCanUseAreRefused) {
    EXPECT_THAT(refusal(with_config("")), HasSubstr("config.json is no JSON object"));
    EXPECT_THAT(refusal(with_config("[]")), HasSubstr("config.json is no JSON object"));
    EXPECT_THAT(refusal(with_config(R"({"port":1})")), HasSubstr("no usable 'host'"));
    EXPECT_THAT(refusal(with_config(R"({"host":"a b","port":1})")), HasSubstr("no usable 'host'"));
    for (const char* port : {"0", "65536", "-1", "1.5", "\"x\"", "null", "\"\""})
        EXPECT_THAT(refusal(with_config(std::string(R"({"host":"h","port":)") + port + "}")),
                    HasSubstr("no usable 'port'"))
            << port;
}

TEST_F(BundleTest, SecretsAreInNoMessage) {
    for (const char* name : {"ca.crt", "cert", "key"}) {
        std::vector<ZipEntry> broken = files;
        const auto file = std::find_if(broken.begin(), broken.end(), [&](const auto& one) { return one.name == name; });
        file->content.resize(file->content.size() / 2);
        const std::string message = refusal(broken);
        EXPECT_THAT(message, HasSubstr("scb.zip: " + std::string(name)));
        EXPECT_LT(message.size(), 200U) << message;
    }
}

TEST_F(BundleTest, PartsThatCannotMakeABundleAreRefused) {
    const auto made = [](const auto& change) {
        Bundle bundle = test_bundle();
        change(bundle);
        const auto result = make_bundle_files(bundle, now);
        return result ? std::string("made") : result.error().message;
    };
    EXPECT_THAT(made([](Bundle& bundle) { bundle.host.clear(); }), HasSubstr("host"));
    EXPECT_THAT(made([](Bundle& bundle) { bundle.port = 0; }), HasSubstr("port"));
    EXPECT_THAT(made([](Bundle& bundle) { bundle.authority = "x"; }), HasSubstr("the CA certificate"));
    EXPECT_THAT(made([](Bundle& bundle) { bundle.key = TestIdentities::get().server().key; }),
                HasSubstr("does not belong"));
}

TEST_F(BundleTest, TheFileOnDiskIsItsOwnersAlone) {
    std::string folder = (std::filesystem::temp_directory_path() / "crossfade-bundle-XXXXXX").string();
    ASSERT_NE(::mkdtemp(folder.data()), nullptr);
    const std::string path = folder + "/scb.zip";
    ASSERT_TRUE(write_bundle(test_bundle(), path, now));
    struct stat about {};
    ASSERT_EQ(::stat(path.c_str(), &about), 0);
    EXPECT_EQ(about.st_mode & 0777U, 0600U);
    EXPECT_EQ(value_of(read_bundle(path)).host, "db.example.com");
    EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder), {}), 1) << "reading left something there";
    std::filesystem::remove_all(folder);
    EXPECT_THAT(read_bundle(path).error().message, StartsWith(path + ": cannot be read: "));
}

}  // namespace
}  // namespace crossfade::bundle
