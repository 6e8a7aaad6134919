// What becomes of a session whose region or datacenter is lost.
#include <gmock/gmock.h>

#include <atomic>
#include <future>

#include "bundle/metadata.hpp"
#include "driver/integration/certificates.hpp"
#include "driver/integration/library_nodes.hpp"
#include "net/http.hpp"

namespace crossfade {
namespace {

using driver::Asked;
using driver::Certificates;
using driver::ScriptedNode;
using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::HasSubstr;

class RegionFailover : public LibraryNodes {
protected:
    // One node behind TLS, and the metadata service that leads to it.
    struct Region {
        ScriptedNode* node = nullptr;
        net::Address service_address;
        std::unique_ptr<net::HttpServer> service;
        std::string document, path;
        std::atomic<int> asked{0};
    };

    RegionFailover() {
        begin(one_, "127.0.0.62", "dc1", "one.zip");
        begin(two_, "127.0.0.63", "dc2", "two.zip");
    }
    ~RegionFailover() override {
        at_nodes([&] {
            one_.service.reset();
            two_.service.reset();
        });
    }

    void begin(Region& region, const std::string& host, const std::string& datacenter, const std::string& name) {
        region.node = &add_node(host, 0, certificates_.server(host));
        at_nodes([&] { region.node->datacenter = datacenter; });
        region.service_address = {host, 0};
        point_at(region, *region.node);
        serve(region);
        region.path = certificates_.write_bundle(name, region.service_address);
    }
    void serve(Region& region) {
        at_nodes([&] {
            auto made = net::serve_http(thread_->loop(), region.service_address,
                                        certificates_.server(region.service_address.host), {},
                                        [&region](const net::HttpRequest&, const net::HttpReply& reply) {
                                            ++region.asked;
                                            reply({200, "application/json", region.document});
                                        });
            ASSERT_TRUE(made) << made.error().message;
            region.service = std::move(*made);
            region.service_address = region.service->address();
        });
    }
    void point_at(Region& region, const ScriptedNode& node) {
        at_nodes([&] { region.document = bundle::to_json({"", node.datacenter, {node.host_id()}, node.address()}); });
    }
    void lose(Region& region) {
        at_nodes([&] {
            region.node->go_down();
            region.service.reset();
        });
    }
    void bring_back(Region& region) {
        at_nodes([&] { region.node->come_back(); });
        serve(region);
    }
    static ClusterOptions options(std::vector<std::string> bundles) {
        return ClusterOptions{}
            .username("token")
            .password("AstraCS:invented")
            .secure_connect_bundle(std::move(bundles))
            .failover(milliseconds(50), seconds(60))
            .reconnection(milliseconds(10), milliseconds(50));
    }

    const Certificates certificates_;
    Region one_, two_;
};

TEST_F(RegionFailover, ASessionGoesToTheNextBundleWhenItsRegionIsLost) {
    at_nodes([&] {
        // It has never heard of the statement.
        two_.node->on_request = [&](const Asked& request) {
            const bool is_execute = request.frame.header.opcode == cql::Opcode::execute;
            if (is_execute && two_.node->prepares == 0)
                request.client.answer_error(request.id, cql::ErrorCode::unprepared, request.prepared_id);
            else
                two_.node->answer_by_default(request);
        };
    });
    const auto cluster = Cluster::build_new_cluster(options({one_.path, two_.path}));
    const auto session = cluster.connect();
    const auto insert = session.prepare("INSERT");
    EXPECT_THAT(session.execute(insert.bind(1)).coordinator(), HasSubstr("127.0.0.62"));
    lose(one_);
    wait_for_connections(session, 0);
    // Not idempotent: it waits, and is sent once.
    EXPECT_THAT(session.execute(insert.bind(2)).coordinator(), HasSubstr("127.0.0.63"));
    EXPECT_EQ(session.local_datacenter(), "dc2");
    const Metrics metrics = session.metrics();
    EXPECT_EQ(metrics.failovers, 1U);
    EXPECT_EQ(metrics.errors, 0U);
    EXPECT_EQ(metrics.waiting, 0U);
    EXPECT_EQ(metrics.in_flight, 0U);
    EXPECT_THAT(session.execute(session.prepare("ANOTHER").bind(3)).coordinator(), HasSubstr("127.0.0.63"));
    cluster.close();
}

TEST_F(RegionFailover, ItGoesBackWhenTheFirstRegionIsThereAgain) {
    const auto cluster =
        Cluster::build_new_cluster(options({one_.path, two_.path}).failover(milliseconds(20), milliseconds(50)));
    const auto session = cluster.connect();
    lose(one_);
    ASSERT_TRUE(comes_true([&] { return session.local_datacenter() == "dc2"; }));
    // One that is under way while it goes gets its answer where it is.
    std::function<void()> answer;
    at_nodes([&] {
        two_.node->on_request = [&](const Asked& request) {
            answer = [&client = request.client, id = request.id] { client.answer_void(id); };
        };
    });
    std::promise<std::string> coordinator;
    session.execute(Statement("INSERT"), [&](Outcome<ResultSet> outcome) {
        coordinator.set_value(outcome ? outcome.value().coordinator() : outcome.error().what());
    });
    ASSERT_TRUE(comes_true([&] {
        bool is_asked = false;
        at_nodes([&] { is_asked = answer != nullptr; });
        return is_asked;
    }));
    bring_back(one_);
    ASSERT_TRUE(comes_true([&] { return session.local_datacenter() == "dc1"; }));
    EXPECT_THAT(session.execute("INSERT").coordinator(), HasSubstr("127.0.0.62"));
    at_nodes(answer);
    EXPECT_THAT(coordinator.get_future().get(), HasSubstr("127.0.0.63"));
    EXPECT_EQ(session.metrics().failovers, 2U);
    cluster.close();
}

TEST_F(RegionFailover, TheMetadataServiceIsAskedAgainWhenTheNodesAreLost) {
    const auto cluster = Cluster::build_new_cluster(options({one_.path}));
    const auto session = cluster.connect();
    EXPECT_EQ(one_.asked, 1);
    // Every node is replaced at once, and the proxy moves.
    ScriptedNode& next = add_node("127.0.0.64", 0, certificates_.server("127.0.0.64"));
    point_at(one_, next);
    at_nodes([&] { one_.node->go_down(); });
    wait_for_connections(session, 0);
    EXPECT_THAT(session.execute("INSERT").coordinator(), HasSubstr("127.0.0.64"));
    EXPECT_GE(one_.asked, 2);
    EXPECT_EQ(session.metrics().failovers, 0U);
    cluster.close();
}

TEST_F(RegionFailover, ARegionOfAnotherClusterIsNotGoneTo) {
    at_nodes([&] { two_.node->cluster_name = "another"; });
    const auto cluster = Cluster::build_new_cluster(options({one_.path, two_.path}));
    const auto session = cluster.connect();
    lose(one_);
    wait_for_connections(session, 0);
    EXPECT_THAT(
        error_of(ErrorCode::unavailable, [&] { session.execute(Statement("INSERT").timeout(milliseconds(700))); }),
        HasSubstr("not sent within 700 ms"));
    EXPECT_GE(two_.asked, 1);
    EXPECT_EQ(session.metrics().failovers, 0U);
    at_nodes([&] { EXPECT_EQ(two_.node->requests, 0U); });
    cluster.close();
}

TEST_F(RegionFailover, ASessionBeginsInTheFirstRegionThatIsThere) {
    lose(one_);
    const auto cluster = Cluster::build_new_cluster(options({one_.path, two_.path}));
    EXPECT_EQ(cluster.connect().local_datacenter(), "dc2");
    cluster.close();
    lose(two_);
    const auto none = Cluster::build_new_cluster(options({one_.path, two_.path}));
    EXPECT_THAT(error_of(ErrorCode::connection, [&] { none.connect(); }), HasSubstr("one.zip"));
    none.close();
}

TEST_F(RegionFailover, ClosingEndsTheSearchForAnotherRegion) {
    // Its service takes the connection, and says nothing.
    ScriptedNode& mute = add_node("127.0.0.64", 0, certificates_.server("127.0.0.64"));
    at_nodes([&] { mute.is_silent = true; });
    const std::string third = certificates_.write_bundle("three.zip", mute.address());
    const auto cluster = Cluster::build_new_cluster(options({one_.path, third}).connect_timeout(seconds(30)));
    const auto session = cluster.connect();
    lose(one_);
    ASSERT_TRUE(comes_true([&] {
        std::uint32_t accepted = 0;
        at_nodes([&] { accepted = mute.accepted; });
        return accepted > 0;
    }));
    const auto began = std::chrono::steady_clock::now();
    cluster.close();
    EXPECT_LT(std::chrono::steady_clock::now() - began, seconds(10));
}

class DatacenterFailover : public LibraryNodes {
protected:
    DatacenterFailover() {
        at_nodes([&] {
            second_->datacenter = "dc2";
            first_->set_cluster({first_, second_});
            second_->set_cluster({first_, second_});
        });
    }
    ClusterOptions options() const {
        return ClusterOptions{}
            .contact_points(net::to_text(first_->address()))
            .local_datacenter("dc1")
            .failover_datacenters({"dc2"})
            .failover(milliseconds(50), milliseconds(50))
            .reconnection(milliseconds(10), milliseconds(50));
    }

    ScriptedNode* const first_ = &add_node("127.0.0.62");
    ScriptedNode* const second_ = &add_node("127.0.0.63", first_->address().port);
};

TEST_F(DatacenterFailover, RequestsGoToTheNextDatacenterAndBack) {
    const auto cluster = Cluster::build_new_cluster(options());
    const auto session = cluster.connect();
    for (int i = 0; i < 10; ++i) EXPECT_EQ(session.execute("INSERT").coordinator(), net::to_text(first_->address()));
    at_nodes([&] { first_->go_down(); });
    wait_for_connections(session, 0);
    EXPECT_EQ(session.execute("INSERT").coordinator(), net::to_text(second_->address()));
    at_nodes([&] { first_->come_back(); });
    ASSERT_TRUE(comes_true([&] { return session.local_datacenter() == "dc1"; }));
    EXPECT_EQ(session.execute("INSERT").coordinator(), net::to_text(first_->address()));
    EXPECT_EQ(session.metrics().failovers, 2U);
    cluster.close();
}

TEST_F(DatacenterFailover, WithoutOneNamedNoneIsGoneTo) {
    const auto cluster = Cluster::build_new_cluster(options().failover_datacenters(std::vector<std::string>()));
    const auto session = cluster.connect();
    at_nodes([&] { first_->go_down(); });
    wait_for_connections(session, 0);
    error_of(ErrorCode::unavailable, [&] { session.execute(Statement("INSERT").timeout(milliseconds(700))); });
    at_nodes([&] { EXPECT_EQ(second_->requests, 0U); });
    cluster.close();
}

TEST_F(DatacenterFailover, ANameThatDoesNotExistIsToldWhenASessionIsMade) {
    const auto cluster = Cluster::build_new_cluster(options().failover_datacenters({"dc2", "dc9"}));
    EXPECT_THAT(error_of(ErrorCode::bad_configuration, [&] { cluster.connect(); }),
                ::testing::AllOf(HasSubstr("'dc9'"), HasSubstr("'dc1', 'dc2'")));
    cluster.close();
}

}  // namespace
}  // namespace crossfade
