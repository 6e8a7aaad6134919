#include "gateway/cluster_tls.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>

#include "base/durable_file.hpp"
#include "bundle/authority.hpp"

namespace crossfade::gateway {
namespace {

using testing::HasSubstr;
namespace fs = std::filesystem;

constexpr std::chrono::sys_seconds now{std::chrono::seconds(1'780'056'000)};

class ClusterTlsTest : public testing::Test {
protected:
    ClusterTlsTest() {
        std::string pattern = (fs::temp_directory_path() / "gateway-XXXXXX").string();
        place_ = ::mkdtemp(pattern.data());
        folder_.path = place_ + "/dir";
        EXPECT_TRUE(make_folder(folder_));
        settings_.cluster_tls.is_on = true;
    }
    ~ClusterTlsTest() override { fs::remove_all(place_); }
    std::string file(const std::string& name, const std::string& text) const {
        EXPECT_TRUE(base::write_durably(place_ + "/" + name, text));
        return place_ + "/" + name;
    }
    static unsigned mode_of(const std::string& path) {
        struct stat about {};
        EXPECT_EQ(::stat(path.c_str(), &about), 0) << path;
        return about.st_mode & 0777U;
    }

    std::string place_;
    Folder folder_;
    Settings settings_;
};

TEST_F(ClusterTlsTest, WhatItTakesMovesWithTheFolderAndIsPrivate) {
    const auto validity = bundle::Validity::of_days(now, std::chrono::days(2));
    const auto root = *bundle::Authority::make("Root", validity);
    const auto client = *root.issue_client("gateway", validity);
    settings_.cluster_tls.ca = file("ca.pem", root.pem().certificate);
    settings_.cluster_tls.certificate = file("own.pem", client.certificate);
    settings_.cluster_tls.key = file("own.key", client.key.reveal());
    for (const std::string* one : {&settings_.cluster_tls.ca, &settings_.cluster_tls.key}) ::chmod(one->c_str(), 0644);
    const auto kept = keep_cluster_files(folder_, settings_);
    ASSERT_TRUE(kept) << kept.error().message;
    for (const char* name : {"ca.pem", "own.pem", "own.key"}) fs::remove(place_ + "/" + name);
    fs::rename(folder_.path, place_ + "/moved");
    folder_.path = place_ + "/moved";
    const auto made = make_cluster_tls(folder_, settings_);
    ASSERT_TRUE(made) << made.error().message;
    EXPECT_NE(*made, nullptr);
    EXPECT_EQ(mode_of(folder_.cluster()), 0700U);
    for (const std::string* one :
         {&settings_.cluster_tls.ca, &settings_.cluster_tls.certificate, &settings_.cluster_tls.key})
        EXPECT_EQ(mode_of(folder_.resolved(*one)), 0600U);
    EXPECT_TRUE(check_privacy(folder_));
    ::chmod(folder_.resolved(settings_.cluster_tls.key).c_str(), 0640);
    const auto open = check_privacy(folder_);
    ASSERT_FALSE(open);
    EXPECT_THAT(open.error().message, HasSubstr("chmod 600 " + folder_.path + "/cluster/client.key"));
}

TEST_F(ClusterTlsTest, AFileThatWillNotDoIsNamed) {
    settings_.cluster_tls.ca = file("ca.pem", "no certificate");
    const auto made = make_cluster_tls(folder_, settings_);
    ASSERT_FALSE(made);
    EXPECT_EQ(made.error().kind, base::ErrorKind::bad_configuration);
    EXPECT_THAT(made.error().message, testing::StartsWith(settings_.cluster_tls.ca + ": no certificates to trust"));
    settings_.cluster_tls.ca = "cluster/ca.crt";
    EXPECT_THAT(make_cluster_tls(folder_, settings_).error().message,
                testing::StartsWith(folder_.path + "/cluster/ca.crt: "));
}

TEST_F(ClusterTlsTest, WithoutItTheClusterIsPlain) {
    settings_.cluster_tls.is_on = false;
    const auto made = make_cluster_tls(folder_, settings_);
    ASSERT_TRUE(made);
    EXPECT_EQ(*made, nullptr);
}

}  // namespace
}  // namespace crossfade::gateway
