// Coroutines without a runtime: Task<T> starts at once, runs to its first real suspension on the caller's stack, and is
// resumed by whatever it waited for. For code that is not on the path of a request (copy, repair, opening connections).
//
// Rules on g++ 12 (it destroys some temporaries of a co_await expression twice): no capturing lambda literal and no
// aggregate temporary inside a statement with co_await; name them first. Coroutine parameters are taken by value.
#pragma once

#include <coroutine>
#include <exception>
#include <functional>
#include <optional>
#include <utility>

namespace crossfade::base {

template <class T>
class [[nodiscard]] Task;

namespace detail {

template <class T>
struct TaskPromise;

struct TaskFinal {
    bool await_ready() const noexcept { return false; }
    template <class Promise>
    void await_suspend(std::coroutine_handle<Promise> self) noexcept {
        auto& promise = self.promise();
        const std::coroutine_handle<> waiting = std::exchange(promise.waiting, nullptr);
        if (promise.is_detached) self.destroy();
        if (waiting) waiting.resume();
    }
    void await_resume() const noexcept {}
};

struct TaskPromiseBase {
    std::coroutine_handle<> waiting;
    bool is_detached = false;
    std::suspend_never initial_suspend() noexcept { return {}; }
    TaskFinal final_suspend() noexcept { return {}; }
    // Expected failures are Results; anything thrown here is a defect.
    [[noreturn]] void unhandled_exception() noexcept { std::terminate(); }
};

template <class T>
struct TaskPromise : TaskPromiseBase {
    std::optional<T> value;
    Task<T> get_return_object();
    template <class U>
    void return_value(U&& result) {
        value.emplace(std::forward<U>(result));
    }
};

template <>
struct TaskPromise<void> : TaskPromiseBase {
    Task<void> get_return_object();
    void return_void() {}
};

}  // namespace detail

// Await it once, or detach() it. Destroying an unfinished one that nobody awaits lets it run on detached.
template <class T>
class [[nodiscard]] Task {
public:
    using promise_type = detail::TaskPromise<T>;

    explicit Task(std::coroutine_handle<promise_type> handle) : handle_(handle) {}
    Task(Task&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
    Task& operator=(Task&& other) noexcept {
        std::swap(handle_, other.handle_);
        return *this;
    }
    ~Task() { detach(); }

    bool is_done() const { return !handle_ || handle_.done(); }
    // Gives it up: it runs to its end by itself.
    void detach() {
        if (!handle_) return;
        if (handle_.done())
            handle_.destroy();
        else
            handle_.promise().is_detached = true;
        handle_ = nullptr;
    }

    bool await_ready() const noexcept { return handle_.done(); }
    void await_suspend(std::coroutine_handle<> waiting) noexcept { handle_.promise().waiting = waiting; }
    T await_resume() {
        if constexpr (!std::is_void_v<T>) return std::move(*handle_.promise().value);
    }

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

// Turns a callback into something to await. `start` is called with the completion to call exactly once, from the same
// thread, at once or later:  auto reply = co_await base::Completion<int>(starter);   where starter is a *named*
// callable taking std::function<void(int)>.
template <class T>
class Completion {
public:
    explicit Completion(std::function<void(std::function<void(T)>)> start) : start_(std::move(start)) {}
    bool await_ready() {
        start_([this](T value) {
            value_.emplace(std::move(value));
            if (waiting_) std::exchange(waiting_, nullptr).resume();
        });
        return value_.has_value();
    }
    void await_suspend(std::coroutine_handle<> waiting) noexcept { waiting_ = waiting; }
    T await_resume() { return std::move(*value_); }

private:
    std::function<void(std::function<void(T)>)> start_;
    std::optional<T> value_;
    std::coroutine_handle<> waiting_;
};

}  // namespace crossfade::base
