// A coroutine type for programs that have none: begins at once, on its caller's thread.
#pragma once

#include <atomic>
#include <coroutine>
#include <exception>
#include <optional>
#include <type_traits>
#include <utility>

namespace crossfade {

template <class T = void>
class Task;

namespace detail {

// Who waits for a task: nobody yet, a coroutine, or the task has ended. Two owners: the Task and the coroutine itself.
class TaskState {
public:
    std::suspend_never initial_suspend() noexcept { return {}; }
    struct Last {
        bool await_ready() const noexcept { return false; }
        template <class Promise>
        void await_suspend(std::coroutine_handle<Promise> self) noexcept {
            TaskState& state = self.promise();
            void* const waiting = state.state_.exchange(&state, std::memory_order_acq_rel);
            state.state_.notify_all();
            if (state.owners_.fetch_sub(1, std::memory_order_acq_rel) == 1) self.destroy();
            if (waiting != nullptr) std::coroutine_handle<>::from_address(waiting).resume();
        }
        void await_resume() const noexcept {}
    };
    Last final_suspend() noexcept { return {}; }
    void unhandled_exception() noexcept { exception_ = std::current_exception(); }

    bool is_done() const noexcept { return state_.load(std::memory_order_acquire) == this; }
    // False when it has ended already.
    bool wait_with(std::coroutine_handle<> waiting) noexcept {
        void* nobody = nullptr;
        return state_.compare_exchange_strong(nobody, waiting.address(), std::memory_order_acq_rel);
    }
    void block() const noexcept {
        for (void* seen = state_.load(); seen != this; seen = state_.load()) state_.wait(seen);
    }
    // True for the last owner, who destroys it.
    bool leave() noexcept { return owners_.fetch_sub(1, std::memory_order_acq_rel) == 1; }
    void rethrow() const {
        if (exception_) std::rethrow_exception(exception_);
    }

private:
    std::atomic<void*> state_{nullptr};
    std::atomic<int> owners_{2};
    std::exception_ptr exception_;
};

template <class T>
struct TaskPromise : TaskState {
    std::optional<T> value;
    Task<T> get_return_object();
    template <class U>
    void return_value(U&& result) {
        value.emplace(std::forward<U>(result));
    }
    T take() {
        rethrow();
        return std::move(*value);
    }
};
template <>
struct TaskPromise<void> : TaskState {
    Task<void> get_return_object();
    void return_void() noexcept {}
    void take() const { rethrow(); }
};

}  // namespace detail

// Await it once, or get() it once; destroyed before it has ended, it runs on by itself, and what it throws then is
// lost. Coroutine parameters are best taken by value: the caller's are gone when it goes on.
template <class T>
class [[nodiscard]] Task {
public:
    using promise_type = detail::TaskPromise<T>;

    explicit Task(std::coroutine_handle<promise_type> handle) noexcept : handle_(handle) {}
    Task(Task&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
    Task& operator=(Task&& other) noexcept {
        std::swap(handle_, other.handle_);
        return *this;
    }
    ~Task() {
        if (handle_ && handle_.promise().leave()) handle_.destroy();
    }

    // Whether get() would return at once. Any thread.
    bool is_done() const noexcept { return handle_.promise().is_done(); }
    // Blocks until it has ended; throws what it threw. Not on the thread that it needs to go on.
    T get() {
        handle_.promise().block();
        return handle_.promise().take();
    }

    bool await_ready() const noexcept { return is_done(); }
    bool await_suspend(std::coroutine_handle<> waiting) noexcept { return handle_.promise().wait_with(waiting); }
    T await_resume() { return handle_.promise().take(); }

private:
    std::coroutine_handle<promise_type> handle_;
};

namespace detail {
template <class T>
Task<T> TaskPromise<T>::get_return_object() {
    return Task<T>(std::coroutine_handle<TaskPromise<T>>::from_promise(*this));
}
inline Task<void> TaskPromise<void>::get_return_object() {
    return Task<void>(std::coroutine_handle<TaskPromise<void>>::from_promise(*this));
}
}  // namespace detail

}  // namespace crossfade
