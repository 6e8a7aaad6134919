// What a program that serves until it is told to stop is made of: the signals that end it, the loop of what is not in
// the way of requests, and the loops that serve.
#pragma once

#include <csignal>
#include <functional>
#include <future>
#include <memory>
#include <thread>
#include <utility>
#include <vector>

#include "net/loop.hpp"

namespace crossfade::net {

// Made on the main thread before any other thread, which all inherit it: SIGTERM and SIGINT come to wait() alone,
// SIGPIPE to nobody, and all descriptors that the system allows may be used.
class Termination {
public:
    Termination();
    // Until one of the signals has come.
    void wait() const;

private:
    sigset_t signals_{};
};

// How many loops serve: `configured`, or for 0 one for each core.
unsigned serving_threads(unsigned configured);

// A loop with a thread of its own. The thread that made it calls everything.
class ControlLoop {
public:
    ControlLoop() = default;
    ~ControlLoop() { stop(); }
    ControlLoop(const ControlLoop&) = delete;
    ControlLoop& operator=(const ControlLoop&) = delete;

    void start();
    bool is_running() const { return thread_.joinable(); }
    // Runs `task` on the loop's thread and waits for its end.
    void call(const std::function<void()>& task);
    // Ends the thread, and waits for it.
    void stop();
    Loop& loop() { return loop_; }

private:
    Loop loop_;
    std::thread thread_;
};

// The loops that serve clients. A Worker has post(std::function<void(Worker&)>), which runs a task on its thread. The
// thread that made them calls everything, post() excepted: any thread that knows them to be there.
template <class Worker>
class Workers {
public:
    void add(std::unique_ptr<Worker> worker) { workers_.push_back(std::move(worker)); }
    void clear() { workers_.clear(); }
    std::size_t size() const { return workers_.size(); }
    auto begin() const { return workers_.begin(); }
    auto end() const { return workers_.end(); }

    void post(const std::function<void(Worker&)>& task) {
        for (auto& worker : workers_) worker->post(task);
    }
    // Runs `task` on one after another and waits for each.
    void each(const std::function<void(Worker&)>& task) {
        for (auto& worker : workers_) {
            std::promise<void> done;
            worker->post([&](Worker& one) {
                task(one);
                done.set_value();
            });
            done.get_future().wait();
        }
    }

private:
    std::vector<std::unique_ptr<Worker>> workers_;
};

}  // namespace crossfade::net
