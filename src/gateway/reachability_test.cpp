#include "gateway/reachability.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "net/testing_loop.hpp"

namespace crossfade::gateway {
namespace {

struct ReachabilityTest : testing::Test {
    std::unique_ptr<net::Listener> listening(std::uint16_t port = 0) {
        auto listener = net::listen(loop, {"127.0.0.1", port}, nullptr, [](std::unique_ptr<net::Stream>) {});
        EXPECT_TRUE(listener) << listener.error().message;
        return std::move(*listener);
    }
    static nodes::Uuid id(std::uint8_t number) {
        nodes::Uuid host_id{};
        host_id[15] = number;
        return host_id;
    }
    static nodes::Node node(std::uint8_t number, const net::Address& address) {
        nodes::Node one;
        one.host_id = id(number);
        one.address = address;
        one.datacenter = "dc" + std::to_string(number);
        return one;
    }
    void set_nodes(std::vector<nodes::Node> nodes) {
        auto topology = std::make_shared<nodes::Topology>();
        topology->nodes = std::move(nodes);
        reachability.set_topology(std::move(topology));
    }

    net::TestingLoop loop;
    int changes = 0;
    Reachability reachability{loop, [this] { ++changes; }};
    std::unique_ptr<net::Listener> first = listening(), second = listening();
    const net::Address first_address = first->address(), second_address = second->address();
};

TEST_F(ReachabilityTest, ANodeThatIsDownWhenWeComeIsNotReachableUntilItIsBack) {
    second.reset();
    set_nodes({node(1, first_address), node(2, second_address)});
    EXPECT_TRUE(reachability.is_reachable(id(2))) << "nobody has tried";
    reachability.try_all();
    bool is_tried = false;
    reachability.when_tried([&] { is_tried = true; });
    EXPECT_FALSE(is_tried);
    ASSERT_TRUE(loop.run_until([&] { return is_tried; }));
    EXPECT_TRUE(reachability.is_reachable(id(1)));
    EXPECT_FALSE(reachability.is_reachable(id(2)));
    EXPECT_EQ(changes, 1);

    second = listening(second_address.port);
    ASSERT_TRUE(loop.run_until([&] { return reachability.is_reachable(id(2)); }));
    EXPECT_EQ(changes, 2);
}

TEST_F(ReachabilityTest, OneThatWentIsFoundWhenAllAreTriedAgain) {
    set_nodes({node(1, first_address), node(2, second_address)});
    for (const bool is_there : {true, false}) {
        if (!is_there) first.reset();
        reachability.try_all();
        bool is_tried = false;
        reachability.when_tried([&] { is_tried = true; });
        ASSERT_TRUE(loop.run_until([&] { return is_tried; }));
        EXPECT_EQ(reachability.is_reachable(id(1)), is_there);
        EXPECT_TRUE(reachability.is_reachable(id(2)));
    }
}

TEST_F(ReachabilityTest, OneThatLeftTheClusterKeepsNobodyWaitingAndIsForgotten) {
    second.reset();
    set_nodes({node(1, first_address), node(2, second_address)});
    reachability.try_all();
    ASSERT_TRUE(loop.run_until([&] { return !reachability.is_reachable(id(2)); }));
    reachability.try_all();
    bool is_tried = false;
    reachability.when_tried([&] { is_tried = true; });
    set_nodes({});
    EXPECT_TRUE(is_tried);
    set_nodes({node(2, second_address)});
    EXPECT_TRUE(reachability.is_reachable(id(2))) << "what was known of it is of another time";
}

TEST_F(ReachabilityTest, ANodeThatMovedIsTriedWhereItIsNow) {
    second.reset();
    set_nodes({node(2, second_address)});
    reachability.try_all();
    ASSERT_TRUE(loop.run_until([&] { return !reachability.is_reachable(id(2)); }));
    set_nodes({node(2, first_address)});
    EXPECT_TRUE(loop.run_until([&] { return reachability.is_reachable(id(2)); }));
}

TEST_F(ReachabilityTest, WithoutAnyNodeNobodyWaits) {
    reachability.try_all();
    bool is_tried = false;
    reachability.when_tried([&] { is_tried = true; });
    EXPECT_TRUE(is_tried);
}

}  // namespace
}  // namespace crossfade::gateway
