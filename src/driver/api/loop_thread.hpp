// The loop that sessions run on, and the thread that runs it: one of our own, or the caller's (EventLoop).
#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>

#include "crossfade/error.hpp"
#include "net/loop.hpp"

namespace crossfade::driver {

class LoopThread : public std::enable_shared_from_this<LoopThread> {
public:
    // With a thread of its own, which runs until stop().
    static std::shared_ptr<LoopThread> start();
    // Run by whoever calls run().
    static std::shared_ptr<LoopThread> of_caller();
    ~LoopThread();
    LoopThread(const LoopThread&) = delete;
    LoopThread& operator=(const LoopThread&) = delete;

    net::Loop& loop() { return loop_; }
    bool is_current() const { return runner_.load(std::memory_order_acquire) == std::this_thread::get_id(); }
    // Throws Error (wrong_thread) on the loop's own thread, where nobody may wait.
    void check_may_block() const;

    // Runs the caller's loop here until stop_run(), taking it over from whoever runs it for a blocking call. False when
    // another thread is in run().
    bool run();
    // Ends run(), or, before it, the next one at once. Any thread.
    void stop_run();
    // Waits until `is_done` (asked on any thread, under its own lock), running the caller's loop meanwhile where nobody
    // else does; whoever makes it true calls wake() after.
    void wait_until(const std::function<bool()>& is_done);
    void wake();
    // Runs `task` on the loop's thread and waits for its end; at once on that thread itself, and where nobody runs the
    // caller's loop.
    void call(const std::function<void()>& task);

    // Ends our own thread, and waits for it unless it is this one. Idempotent.
    void stop();

private:
    explicit LoopThread(bool is_own) : is_own_(is_own) {}

    const bool is_own_;
    net::Loop loop_;
    std::thread thread_;
    std::atomic<std::thread::id> runner_{};
    std::mutex mutex_;
    std::condition_variable changed_;
    bool is_stopped_ = false, is_ended_ = false;
    bool is_run_by_waiter_ = false;
    bool is_run_stopped_ = false;  // stop_run() was called since the last run()
    int runs_wanted_ = 0;          // run() calls that wait for a waiter to let go
};

// One blocking call's outcome.
template <class T>
class Blocked {
public:
    explicit Blocked(std::shared_ptr<LoopThread> thread) : thread_(std::move(thread)) { thread_->check_may_block(); }
    void complete(Outcome<T> outcome) {
        // The waiter may be gone as soon as it sees the outcome.
        const auto thread = thread_;
        {
            const std::lock_guard lock(mutex_);
            outcome_.emplace(std::move(outcome));
        }
        thread->wake();
    }
    Outcome<T> wait() {
        thread_->wait_until([this] {
            const std::lock_guard lock(mutex_);
            return outcome_.has_value();
        });
        return std::move(*outcome_);
    }

private:
    const std::shared_ptr<LoopThread> thread_;
    std::mutex mutex_;
    std::optional<Outcome<T>> outcome_;
};

// Whoever holds it keeps our own thread running; the last one's end stops it.
class LoopLease {
public:
    explicit LoopLease(std::shared_ptr<LoopThread> of) : thread(std::move(of)) {}
    ~LoopLease() { thread->stop(); }
    LoopLease(const LoopLease&) = delete;
    LoopLease& operator=(const LoopLease&) = delete;

    const std::shared_ptr<LoopThread> thread;
};

}  // namespace crossfade::driver
