// What the integration tests share: the real nodes they are told of, and running coroutines to their end.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <memory>
#include <optional>
#include <ostream>
#include <string>
#include <vector>

#include "base/task.hpp"
#include "driver/session.hpp"
#include "net/loop.hpp"

namespace crossfade::driver {

// The addresses in CROSSFADE_TEST_NODES="127.0.0.11:9042,127.0.0.21:9042"; none when it is not set.
std::vector<std::string> addresses_in(const char* variable);

// Runs `task` on `loop` until it has its result; nullopt, and a failed test, when that takes longer than a minute.
template <class T>
std::optional<T> run(net::Loop& loop, base::Task<T> task) {
    struct State {
        std::optional<T> result;
        bool is_running = false;
    };
    // Shared: a task that does not end in time may end later.
    const auto state = std::make_shared<State>();
    const auto finish = [](base::Task<T> running, std::shared_ptr<State> into, net::Loop& on) -> base::Task<void> {
        into->result.emplace(co_await running);
        if (into->is_running) on.stop();
    };
    base::Task<void> finishing = finish(std::move(task), state, loop);
    if (!state->result) {
        net::Timer guard(loop);
        guard.start(std::chrono::seconds(60), [&] { loop.stop(); });
        state->is_running = true;
        loop.run();
        state->is_running = false;
    }
    EXPECT_TRUE(state->result.has_value()) << "did not end within a minute";
    return std::move(state->result);
}

// One real cluster, spoken to in one way.
struct Way {
    std::string address;  // empty: none was told
    cql::ProtocolVersion version = cql::ProtocolVersion::v4;
    cql::Compression compression = cql::Compression::none;
    std::string name() const;  // "127_0_0_11_9042_v4_lz4"
};
inline void PrintTo(const Way& way, std::ostream* out) {
    *out << way.name();
}
std::vector<Way> all_ways();
SessionOptions options_for(const Way& way);

// A session with the cluster of a Way, and its loop. Fails the test when there is none.
class RealCluster : public ::testing::TestWithParam<Way> {
public:
    static constexpr const char* keyspace_name = "driver_integration";  // made anew for each run, dropped after it

protected:
    void SetUp() override;
    void TearDown() override;
    // Runs one statement; fails the test when the cluster refuses it.
    Rows ok(const std::string& text, ExecuteOptions with = ExecuteOptions());
    // Whether the cluster is Cassandra 5 or later.
    bool has_vectors() const;

    net::Loop loop_;
    std::shared_ptr<Session> session_;
    const std::string keyspace_ = keyspace_name;
    std::string table_;  // a name in it that nobody else uses: "keyspace.table"
};

}  // namespace crossfade::driver
