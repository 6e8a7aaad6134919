// What the integration tests share: the real nodes they are told of, and running coroutines to their end.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <optional>
#include <string>
#include <vector>

#include "base/task.hpp"
#include "driver/session.hpp"
#include "net/loop.hpp"

namespace crossfade::driver {

// The addresses in CROSSFADE_TEST_NODES="127.0.0.11:9042,127.0.0.21:9042"; none when it is not set.
std::vector<std::string> addresses_in(const char* variable);

// Runs `task` on `loop` until it has its result; nullopt when that takes longer than a minute.
template <class T>
std::optional<T> run(net::Loop& loop, base::Task<T> task) {
    std::optional<T> result;
    net::Timer guard(loop);
    guard.start(std::chrono::seconds(60), [&] { loop.stop(); });
    const auto finish = [](base::Task<T> running, std::optional<T>& out, net::Loop& on) -> base::Task<void> {
        out.emplace(co_await running);
        on.stop();
    };
    base::Task<void> finishing = finish(std::move(task), result, loop);
    if (!result) loop.run();
    EXPECT_TRUE(result.has_value()) << "did not end within a minute";
    return result;
}

// One real cluster, spoken to in one way.
struct Way {
    std::string address;  // empty: none was told
    cql::ProtocolVersion version = cql::ProtocolVersion::v4;
    cql::Compression compression = cql::Compression::none;
    std::string name() const;  // "127_0_0_11_9042_v4_lz4"
};
std::vector<Way> all_ways();

// A session with the cluster of a Way, and its loop. Fails the test when there is none.
class RealCluster : public ::testing::TestWithParam<Way> {
protected:
    void SetUp() override;
    void TearDown() override;
    SessionOptions options() const;
    // Runs one statement; fails the test when the cluster refuses it.
    Rows ok(const std::string& text, ExecuteOptions with = ExecuteOptions());
    // Whether the cluster is Cassandra 5 or later.
    bool has_vectors() const;

    net::Loop loop_;
    std::shared_ptr<Session> session_;
    std::string keyspace_;  // made for this test, dropped after it
};

}  // namespace crossfade::driver
