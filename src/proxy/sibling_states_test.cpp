#include "proxy/sibling_states.hpp"

#include <gtest/gtest.h>

#include "net/http.hpp"
#include "net/raw_socket.hpp"

namespace crossfade::proxy {
namespace {

std::string url_of(const net::Address& address) {
    return "http://" + net::to_text(address);
}

TEST(SiblingStates, ThoseThatAnswerInFullAreTold) {
    net::Loop loop;
    const auto serving = [&](const std::string& body) {
        auto made = net::serve_http(loop, {"127.0.0.1", 0}, nullptr, {},
                                    [body](const net::HttpRequest&, const net::HttpReply& reply) {
                                        reply({200, "application/json", body});
                                    });
        EXPECT_TRUE(made);
        return std::move(*made);
    };
    const auto good = serving(R"({"epoch": 7, "phase": 3, "write_mode": "strict"})"),
               unclear = serving(R"({"epoch": 8})");
    SiblingStates siblings(loop, {url_of(unclear->address()), url_of(good->address())});
    std::vector<std::vector<PhaseState>> told;
    const auto on_told = [&](std::vector<PhaseState> states) {
        told.push_back(std::move(states));
        if (told.size() == 2) loop.stop();
    };
    siblings.ask(on_told);
    siblings.ask(on_told);
    net::Timer guard(loop);
    guard.start(std::chrono::seconds(30), [&] { loop.stop(); });
    loop.run();
    ASSERT_EQ(told.size(), 2U);
    for (const auto& states : told) {
        ASSERT_EQ(states.size(), 1U);
        EXPECT_EQ(states[0].epoch, 7U);
        EXPECT_EQ(states[0].phase, 3);
    }
}

// A proxy that stops while siblings keep silent neither waits for them nor leaves a thread behind.
TEST(SiblingStates, EndSoonWhileASiblingKeepsSilent) {
    const net::RawSocket silent = net::RawSocket::listening();
    bool is_told = false;
    const auto begun = std::chrono::steady_clock::now();
    {
        net::Loop loop;
        SiblingStates siblings(loop, std::vector<std::string>(100, url_of(silent.address())));  // 200 seconds in all
        siblings.ask([&](const std::vector<PhaseState>&) { is_told = true; });
        pollfd comes{silent.get(), POLLIN, 0};
        ASSERT_EQ(::poll(&comes, 1, 10000), 1);
    }
    EXPECT_FALSE(is_told);
    EXPECT_LT(std::chrono::steady_clock::now() - begun, std::chrono::seconds(60));
}

}  // namespace
}  // namespace crossfade::proxy
