#include "net/serving.hpp"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>

namespace crossfade::net {
namespace {

class Worker {
public:
    Worker() { loop_.start(); }
    void post(const std::function<void(Worker&)>& task) {
        loop_.loop().post([this, task] { task(*this); });
    }
    std::thread::id ran_on;

private:
    ControlLoop loop_;
};

TEST(Serving, EachWorkerRunsOnItsOwnThreadAndIsWaitedFor) {
    Workers<Worker> workers;
    for (int i = 0; i < 3; ++i) workers.add(std::make_unique<Worker>());
    ASSERT_EQ(workers.size(), 3U);
    int order = 0;  // no two at once: each is waited for
    workers.each([&](Worker& one) {
        ++order;
        one.ran_on = std::this_thread::get_id();
    });
    EXPECT_EQ(order, 3);
    std::vector<std::thread::id> threads{std::this_thread::get_id()};
    for (const auto& worker : workers) {
        for (const std::thread::id& other : threads) EXPECT_NE(worker->ran_on, other);
        threads.push_back(worker->ran_on);
    }
}

TEST(Serving, WhatIsPostedRunsBeforeWhatIsWaitedForAfterIt) {
    Workers<Worker> workers;
    for (int i = 0; i < 2; ++i) workers.add(std::make_unique<Worker>());
    std::atomic<int> posted = 0;
    workers.post([&](Worker&) { ++posted; });
    workers.each([](Worker&) {});
    EXPECT_EQ(posted, 2);
}

TEST(Serving, AControlLoopRunsTasksUntilItIsStopped) {
    ControlLoop loop;
    EXPECT_FALSE(loop.is_running());
    loop.start();
    std::thread::id ran_on;
    loop.call([&] { ran_on = std::this_thread::get_id(); });
    EXPECT_NE(ran_on, std::thread::id());
    EXPECT_NE(ran_on, std::this_thread::get_id());
    loop.stop();
    EXPECT_FALSE(loop.is_running());
    loop.stop();
}

TEST(Serving, AllCoresServeWhereNothingElseWasSaid) {
    EXPECT_EQ(serving_threads(5), 5U);
    EXPECT_EQ(serving_threads(0), std::max(1U, std::thread::hardware_concurrency()));
}

// In a process of its own: signals are blocked for all of it.
TEST(Serving, ASignalEndsTheWaitAndNothingElse) {
    for (const int signal : {SIGTERM, SIGINT}) {
        const pid_t child = ::fork();
        if (child == 0) {
            const Termination termination;
            ::raise(SIGPIPE);
            ::raise(signal);
            termination.wait();
            ::_exit(7);
        }
        int status = 0;
        ASSERT_EQ(::waitpid(child, &status, 0), child);
        ASSERT_TRUE(WIFEXITED(status)) << "ended by signal " << WTERMSIG(status);
        EXPECT_EQ(WEXITSTATUS(status), 7);
    }
}

}  // namespace
}  // namespace crossfade::net
