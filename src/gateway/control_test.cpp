#include "gateway/control.hpp"

#include <gtest/gtest.h>

#include <filesystem>

#include "base/durable_file.hpp"
#include "net/testing_loop.hpp"

namespace crossfade::gateway {
namespace {

constexpr std::chrono::sys_seconds now{std::chrono::seconds(1'780'056'000)};

struct ControlTest : testing::Test {
    ControlTest() {
        std::string pattern = (std::filesystem::temp_directory_path() / "gateway-XXXXXX").string();
        folder.path = ::mkdtemp(pattern.data());
        settings.name = "shop";
        settings.hosts = {"127.0.0.1"};
        settings.cluster = {{"127.0.0.1", 1}};
        EXPECT_TRUE(make_folder(folder) && make_identity(folder, settings, now));
    }
    ~ControlTest() override { std::filesystem::remove_all(folder.path); }
    Folder folder;
    Settings settings;
    net::TestingLoop loop;
};

TEST_F(ControlTest, ACertificateIsRevokedAlsoWhileTheTokensCannotBeRead) {
    const auto bundle = issue_bundle(folder, settings, "dc1", "127.0.0.1", now);
    ASSERT_TRUE(bundle);
    Shared shared(settings, folder);
    FactsPtr facts;
    Control control(loop, shared, folder, {}, [&](const FactsPtr& next) { facts = next; });
    ASSERT_TRUE(control.load());
    ASSERT_TRUE(base::write_durably(folder.tokens(), "no tokens"));
    ASSERT_TRUE(revoke_certificate(folder, bundle->serial, now));
    control.start([](const base::Result<void>&) {});
    EXPECT_TRUE(loop.run_until([&] { return facts->issued->find(bundle->serial)->revoked == now; }));
}

}  // namespace
}  // namespace crossfade::gateway
