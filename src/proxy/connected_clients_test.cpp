#include "proxy/connected_clients.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace crossfade::proxy {
namespace {

const ClientKind shop{"Java", "4.19", "shop", "10.0.0.9"};
const ClientKind report{"Python", "3.29", "report", "10.0.0.8"};

TEST(ConnectedClients, CountsByKindSinceTheFirstCame) {
    ConnectedClients clients;
    clients.came(shop, 100);
    clients.came(shop, 200);
    clients.came(report, 300);
    auto groups = clients.groups();
    ASSERT_EQ(groups.size(), 2U);
    EXPECT_EQ(groups[0].kind, shop);
    EXPECT_EQ(groups[0].connections, 2U);
    EXPECT_EQ(groups[0].since_us, 100);
    EXPECT_EQ(groups[0].last_us, 200);
    clients.gone(shop);
    EXPECT_EQ(clients.groups()[0].connections, 1U);
    clients.gone(shop);
    groups = clients.groups();
    ASSERT_EQ(groups.size(), 1U);
    EXPECT_EQ(groups[0].kind, report);
    clients.gone(shop);  // nobody is there any more: nothing happens
    EXPECT_EQ(clients.groups().size(), 1U);
}

TEST(ConnectedClients, KeepsWhoCameAndWentWhileToldTo) {
    ConnectedClients clients;
    clients.keep_gone(true);
    clients.gone(clients.came(shop, 100));
    ASSERT_EQ(clients.groups().size(), 1U);
    EXPECT_EQ(clients.groups()[0].connections, 0U);
    clients.came(shop, 500);
    EXPECT_EQ(clients.groups()[0].since_us, 100);
    EXPECT_EQ(clients.groups()[0].last_us, 500);
    clients.gone(shop);
    clients.keep_gone(false);
    EXPECT_TRUE(clients.groups().empty());
}

TEST(ConnectedClients, PastItsBoundTheRestIsOneKind) {
    ConnectedClients clients(1);
    clients.came(shop, 100);
    const ClientKind rest = clients.came(report, 200);
    EXPECT_EQ(rest, ClientKind());
    EXPECT_EQ(clients.came(ClientKind{"x", "", "", ""}, 300), ClientKind());
    EXPECT_EQ(clients.groups().size(), 2U);
    clients.gone(rest);
    clients.gone(rest);
    ASSERT_EQ(clients.groups().size(), 1U);
    EXPECT_EQ(clients.groups()[0].kind, shop);
}

}  // namespace
}  // namespace crossfade::proxy
