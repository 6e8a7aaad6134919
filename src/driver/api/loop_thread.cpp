#include "driver/api/loop_thread.hpp"

#include <utility>

#include "crossfade/event_loop.hpp"

namespace crossfade {

EventLoop::EventLoop() : thread_(driver::LoopThread::of_caller()) {}
EventLoop::~EventLoop() = default;

void EventLoop::run() {
    if (!thread_->run()) throw Error(ErrorCode::wrong_thread, "another thread runs this loop already");
}
void EventLoop::stop() {
    thread_->stop_run();
}
void EventLoop::post(std::function<void()> task) {
    thread_->loop().post(std::move(task));
}

namespace driver {

std::shared_ptr<LoopThread> LoopThread::start() {
    std::shared_ptr<LoopThread> made(new LoopThread(true));
    // The thread keeps it alive: it may be the last that lets go.
    made->thread_ = std::thread([self = made] {
        self->runner_.store(std::this_thread::get_id(), std::memory_order_release);
        self->loop_.run();
    });
    return made;
}

std::shared_ptr<LoopThread> LoopThread::of_caller() {
    return std::shared_ptr<LoopThread>(new LoopThread(false));
}

LoopThread::~LoopThread() {
    if (thread_.joinable()) thread_.detach();
}

void LoopThread::check_may_block() const {
    if (is_current())
        throw Error(ErrorCode::wrong_thread,
                    "a blocking call on the driver's own thread would wait for itself: use a callback or co_await");
}

bool LoopThread::run() {
    std::unique_lock lock(mutex_);
    while (runner_.load() != std::thread::id()) {
        if (!is_run_by_waiter_ || is_current()) return false;
        ++runs_wanted_;
        loop_.stop();
        changed_.wait(lock);
        --runs_wanted_;
    }
    runner_.store(std::this_thread::get_id());
    // Of the loop's own stop() more than one may be left over from waiters.
    while (!std::exchange(is_run_stopped_, false)) {
        lock.unlock();
        loop_.run();
        lock.lock();
    }
    runner_.store(std::thread::id());
    changed_.notify_all();
    return true;
}

void LoopThread::stop_run() {
    const std::lock_guard lock(mutex_);
    is_run_stopped_ = true;
    loop_.stop();
}

void LoopThread::wait_until(const std::function<bool()>& is_done) {
    std::unique_lock lock(mutex_);
    while (!is_done()) {
        if (is_own_ || runner_.load() != std::thread::id() || runs_wanted_ > 0) {
            changed_.wait(lock);
            continue;
        }
        // Nobody runs the caller's loop: this thread does, until it is woken.
        runner_.store(std::this_thread::get_id());
        is_run_by_waiter_ = true;
        lock.unlock();
        loop_.run();
        lock.lock();
        is_run_by_waiter_ = false;
        runner_.store(std::thread::id());
        changed_.notify_all();
    }
}

void LoopThread::wake() {
    const std::lock_guard lock(mutex_);
    if (is_run_by_waiter_) loop_.stop();
    changed_.notify_all();
}

void LoopThread::call(const std::function<void()>& task) {
    if (is_current()) {
        task();
        return;
    }
    std::unique_lock lock(mutex_);
    if (is_ended_) {
        lock.unlock();
        task();
        return;
    }
    if (!is_own_ && runner_.load() == std::thread::id() && runs_wanted_ == 0) {
        // As a waiter that runs the loop, so that nobody else begins to meanwhile.
        runner_.store(std::this_thread::get_id());
        is_run_by_waiter_ = true;
        lock.unlock();
        task();
        lock.lock();
        is_run_by_waiter_ = false;
        runner_.store(std::thread::id());
        changed_.notify_all();
        return;
    }
    lock.unlock();
    std::mutex done_mutex;
    bool is_done = false;
    const std::function<void()> run = [&] {
        task();
        const auto self = shared_from_this();
        {
            const std::lock_guard done_lock(done_mutex);
            is_done = true;
        }
        self->wake();
    };
    loop_.post([&run] { run(); });
    wait_until([&] {
        if (is_ended_) return true;
        const std::lock_guard done_lock(done_mutex);
        return is_done;
    });
    // The thread ended before it came to it, so that this one is as good.
    if (!is_done) task();
}

void LoopThread::stop() {
    {
        const std::lock_guard lock(mutex_);
        if (!is_own_ || is_stopped_) return;
        is_stopped_ = true;
    }
    loop_.stop();
    if (is_current()) {
        thread_.detach();
        return;
    }
    thread_.join();
    {
        const std::lock_guard lock(mutex_);
        is_ended_ = true;
    }
    changed_.notify_all();
}

}  // namespace driver
}  // namespace crossfade
