// One session and many threads: each request is told once, to whom and where it was asked for.
#include <gmock/gmock.h>

#include <algorithm>
#include <atomic>
#include <future>
#include <optional>

#include "driver/integration/library_nodes.hpp"

namespace crossfade {
namespace {

using driver::ScriptedNode;
using ::testing::HasSubstr;

class Threads : public LibraryNodes {
protected:
    ClusterOptions options() const { return ClusterOptions{}.contact_points(net::to_text(node_.address())); }

    ScriptedNode& node_ = add_node("127.0.0.62");
};

TEST_F(Threads, ManyShareOneSession) {
    const auto cluster = Cluster::build_new_cluster(options());
    const auto session = cluster.connect();
    const auto insert = session.prepare("INSERT");
    std::atomic<int> told{0};
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t)
        threads.emplace_back([&, t] {
            for (int i = 0; i < 100; ++i) {
                session.execute(insert.bind(t * 100 + i));
                session.execute(insert.bind(i), [&](const Outcome<ResultSet>& outcome) { told += outcome ? 1 : 0; });
                const Metrics now = session.metrics();
                EXPECT_LE(now.in_flight, 800U);
            }
        });
    for (auto& thread : threads) thread.join();
    EXPECT_TRUE(comes_true([&] { return told == 400; })) << told;
    const Metrics metrics = session.metrics();
    EXPECT_EQ(metrics.latency_count, 800U);
    EXPECT_EQ(metrics.in_flight, 0U);
    cluster.close();
}

TEST_F(Threads, ClosingWhileOthersExecuteEndsEveryRequestOnce) {
    const auto cluster = Cluster::build_new_cluster(options());
    const auto session = cluster.connect();
    std::atomic<int> asked{0}, told{0};
    std::vector<std::thread> threads;
    for (int t = 0; t < 3; ++t)
        threads.emplace_back([&] {
            for (int i = 0; i < 300; ++i) {
                ++asked;
                session.execute("INSERT", [&](const Outcome<ResultSet>& outcome) {
                    EXPECT_TRUE(outcome || outcome.error().code() == ErrorCode::closed) << outcome.error().what();
                    ++told;
                });
            }
        });
    ASSERT_TRUE(comes_true([&] { return told > 50; }));
    session.close();
    for (auto& thread : threads) thread.join();
    cluster.close();
    EXPECT_EQ(told, asked);
}

Task<std::thread::id> where(AsyncSession session) {
    co_await session.execute("SELECT");
    const auto prepared = co_await session.prepare("INSERT");
    co_await session.execute(prepared.bind(1));
    co_return std::this_thread::get_id();
}

TEST_F(Threads, ACoroutineGoesOnWhereItsCallerSays) {
    const auto cluster = Cluster::build_new_cluster(options());
    const auto session = cluster.connect();
    EventLoop own;
    std::thread runner([&] { own.run(); });
    const Executor executor = [&](std::function<void()> task) { own.post(std::move(task)); };
    EXPECT_EQ(where(session.async(executor)).get(), runner.get_id());
    const auto drivers = where(session.async()).get();
    EXPECT_NE(drivers, runner.get_id());
    EXPECT_NE(drivers, std::this_thread::get_id());
    own.stop();
    runner.join();
    cluster.close();
}

TEST_F(Threads, BlockingIsRefusedWhereItWouldWaitForItself) {
    const auto cluster = Cluster::build_new_cluster(options());
    const auto session = cluster.connect();
    std::promise<std::string> refused;
    session.execute("SELECT", [&](const Outcome<ResultSet>&) {
        refused.set_value(error_of(ErrorCode::wrong_thread, [&] { session.execute("SELECT"); }));
    });
    EXPECT_THAT(refused.get_future().get(), HasSubstr("callback"));
    cluster.close();
}

TEST_F(Threads, TheCallersLoopServesBlockingCallsAndOtherThreads) {
    EventLoop loop;
    const auto cluster = Cluster::build_new_cluster(options().event_loop(loop));
    const auto session = cluster.connect();
    session.execute("SELECT");
    std::thread runner([&] { loop.run(); });
    for (int i = 0; i < 20; ++i) session.execute("SELECT");
    loop.stop();
    runner.join();
    session.execute("SELECT");
    session.close();
    cluster.close();
}

TEST_F(Threads, TheLastHandleThatGoesOnAnyThreadClosesTheSession) {
    std::optional<Cluster> cluster = Cluster::build_new_cluster(options());
    auto session = std::make_unique<Session>(cluster->connect());
    session->execute("INSERT");
    cluster.reset();
    session->execute("INSERT");
    std::thread([&] { session.reset(); }).join();
    EXPECT_TRUE(comes_true([&] {
        bool is_left = false;
        at_nodes([&] {
            is_left = std::ranges::none_of(node_.clients, [](const auto& client) { return client->stream != nullptr; });
        });
        return is_left;
    }));
}

}  // namespace
}  // namespace crossfade
