// Nodes that do what a test says, on a thread of their own: for tests of the public library, whose calls block.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "crossfade/crossfade.hpp"
#include "driver/api/loop_thread.hpp"
#include "driver/integration/scripted_node.hpp"

namespace crossfade {

class LibraryNodes : public ::testing::Test {
protected:
    ~LibraryNodes() override {
        at_nodes([&] { nodes_.clear(); });
        thread_->stop();
    }
    // Everything that touches a node while the library may talk to it.
    void at_nodes(const std::function<void()>& task) { thread_->call(task); }
    driver::ScriptedNode& add_node(const std::string& host, std::uint16_t port = 0,
                                   std::shared_ptr<net::TlsContext> tls = nullptr) {
        at_nodes([&] {
            nodes_.push_back(std::make_unique<driver::ScriptedNode>(thread_->loop(), host, port, std::move(tls)));
        });
        return *nodes_.back();
    }
    // Until `is_so`, at most a minute.
    template <class Condition>
    static bool comes_true(Condition is_so) {
        for (int i = 0; i < 6000 && !is_so(); ++i) std::this_thread::sleep_for(std::chrono::milliseconds(10));
        return is_so();
    }
    static void wait_for_connections(const Session& session, std::uint32_t count) {
        ASSERT_TRUE(comes_true([&] { return session.metrics().open_connections == count; }))
            << session.metrics().open_connections;
    }
    template <class Call>
    static std::string error_of(ErrorCode code, Call call) {
        try {
            call();
        } catch (const Error& error) {
            EXPECT_EQ(error.code(), code) << error.what();
            return error.what();
        }
        ADD_FAILURE() << "no error";
        return {};
    }

    const std::shared_ptr<driver::LoopThread> thread_ = driver::LoopThread::start();

private:
    std::vector<std::unique_ptr<driver::ScriptedNode>> nodes_;
};

}  // namespace crossfade
