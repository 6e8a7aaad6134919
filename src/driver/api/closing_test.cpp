// Closing a cluster does not wait for what may never come.
#include <gmock/gmock.h>

#include <future>

#include "driver/integration/certificates.hpp"
#include "driver/integration/library_nodes.hpp"

namespace crossfade {
namespace {

using driver::ScriptedNode;
using std::chrono::seconds;

class Closing : public LibraryNodes {
protected:
    static constexpr seconds connect_timeout{60}, at_once{10};

    std::uint32_t accepted_by(ScriptedNode& node) {
        std::uint32_t accepted = 0;
        at_nodes([&] { accepted = node.accepted; });
        return accepted;
    }
    // Closes it while it connects, as soon as `node` was called: by then it has connected to nobody.
    void closes_at_once(const Cluster& cluster, ScriptedNode& node) {
        std::promise<ErrorCode> ended;
        cluster.connect("", [&](Outcome<Session> outcome) {
            ended.set_value(outcome ? ErrorCode::internal : outcome.error().code());
        });
        ASSERT_TRUE(comes_true([&] { return accepted_by(node) > 0; }));
        const auto began = std::chrono::steady_clock::now();
        cluster.close();
        EXPECT_LT(std::chrono::steady_clock::now() - began, at_once);
        auto code = ended.get_future();
        ASSERT_EQ(code.wait_for(seconds(0)), std::future_status::ready) << "told before close() returns";
        EXPECT_EQ(code.get(), ErrorCode::closed);
    }
};

TEST_F(Closing, WhileAContactPointSaysNothing) {
    ScriptedNode& mute = add_node("127.0.0.62");
    at_nodes([&] { mute.is_silent = true; });
    closes_at_once(Cluster::build_new_cluster(
                       ClusterOptions{}.contact_points(net::to_text(mute.address())).connect_timeout(connect_timeout)),
                   mute);
}

TEST_F(Closing, WhileTheOnlyNodeOfTheDatacenterSaysNothing) {
    ScriptedNode& told = add_node("127.0.0.62");
    ScriptedNode& mute = add_node("127.0.0.63", told.address().port);
    at_nodes([&] {
        mute.is_silent = true;
        mute.datacenter = "dc2";
        told.set_cluster({&told, &mute});
    });
    closes_at_once(Cluster::build_new_cluster(ClusterOptions{}
                                                  .contact_points(net::to_text(told.address()))
                                                  .local_datacenter("dc2")
                                                  .connect_timeout(connect_timeout)),
                   mute);
}

TEST_F(Closing, WhileAMetadataServiceSaysNothing) {
    const driver::Certificates certificates;
    ScriptedNode& mute = add_node("127.0.0.62", 0, certificates.server("127.0.0.62"));
    at_nodes([&] { mute.is_silent = true; });
    closes_at_once(
        Cluster::build_new_cluster(ClusterOptions{}
                                       .username("token")
                                       .password("AstraCS:invented")
                                       .secure_connect_bundle(certificates.write_bundle("mute.zip", mute.address()))
                                       .connect_timeout(connect_timeout)),
        mute);
}

TEST_F(Closing, OnTheCallersLoopToo) {
    ScriptedNode& mute = add_node("127.0.0.62");
    at_nodes([&] { mute.is_silent = true; });
    EventLoop loop;
    const auto cluster = Cluster::build_new_cluster(ClusterOptions{}
                                                        .contact_points(net::to_text(mute.address()))
                                                        .connect_timeout(connect_timeout)
                                                        .event_loop(loop));
    bool is_told = false;
    cluster.connect("", [&](Outcome<Session> outcome) { is_told = !outcome; });
    loop.post([&] { loop.stop(); });
    loop.run();
    const auto began = std::chrono::steady_clock::now();
    cluster.close();
    EXPECT_LT(std::chrono::steady_clock::now() - began, at_once);
    EXPECT_TRUE(is_told);
}

}  // namespace
}  // namespace crossfade
