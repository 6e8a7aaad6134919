#include "cli/proxies_warnings.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

#include "cli/fake_proxies.hpp"

namespace crossfade::cli {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

std::string status(const std::string& both, const std::string& unstamped) {
    return R"({"tables_with_plain_and_conditional_writes":[)" + both + R"(],"unstamped_writes":[)" + unstamped + "]}";
}

std::string warnings(FakeProxies& proxies, const std::vector<cql::TableName>& tables) {
    std::ostringstream error;
    print_proxies_warnings(proxies.clients(), tables, error);
    return error.str();
}

TEST(ProxiesWarnings, NameTheTablesThatAreAskedFor) {
    FakeProxies proxies(2);
    proxies[0].canned["GET /status"] = status(R"("shop.carts","shop.orders","other.t")",
                                              R"({"table":"shop.orders","count":1200},{"table":"other.t","count":7})");
    proxies[1].canned["GET /status"] =
        status(R"("shop.orders")", R"({"table":"shop.orders","count":300},{"table":"","count":5})");
    EXPECT_THAT(
        warnings(proxies, {{"shop", "*"}}),
        AllOf(HasSubstr("(LWT): shop.carts, shop.orders.\n"),
              HasSubstr("shop.orders (1,500), further tables, not told apart (5).\n"), Not(HasSubstr("other"))));
    EXPECT_THAT(warnings(proxies, {{"shop", "carts"}}),
                AllOf(HasSubstr("(LWT): shop.carts.\n"), Not(HasSubstr("shop.orders"))));
}

TEST(ProxiesWarnings, SayNothingWhereThereIsNothing) {
    FakeProxies proxies(1);
    proxies[0].canned["GET /status"] = status(R"("other.t")", "");
    EXPECT_EQ(warnings(proxies, {{"shop", "*"}}), "");
    FakeProxies none(0);
    EXPECT_EQ(warnings(none, {{"shop", "*"}}), "");
}

TEST(ProxiesWarnings, AProxyThatCannotBeAskedIsNamedAndTheOthersAreHeard) {
    FakeProxies proxies(2);
    proxies[0].faults["GET /status"] = Fault::unreachable;
    proxies[1].canned["GET /status"] = status(R"("shop.orders")", "");
    EXPECT_THAT(warnings(proxies, {{"shop", "orders"}}),
                AllOf(HasSubstr("http://p0:14001: connection refused"), HasSubstr("shop.orders")));
}

}  // namespace
}  // namespace crossfade::cli
