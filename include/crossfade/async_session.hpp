// Sessions for coroutines:
//
//     crossfade::Task<std::string> version(crossfade::AsyncSession session) {
//         const auto result = co_await session.execute("SELECT release_version FROM system.local");
//         co_return result.first_row().get_column<std::string>(0);
//     }
//
// `version(cluster.connect().async()).get()` waits for it. Each call is lazy: it is sent when it is awaited. It goes on
// where the session's executor says: on the driver's thread without one, on the caller's loop with
// `session.async([&](auto task) { asio::post(context, std::move(task)); })`, and on the caller's thread anyway where
// ClusterOptions::event_loop() is used. What is awaited throws Error as the blocking call does; `co_await
// session.execute(…).outcome()` gives an Outcome instead. A coroutine must not be destroyed while it waits.
#pragma once

#include <coroutine>
#include <optional>
#include <string>
#include <utility>

#include "crossfade/session.hpp"
#include "crossfade/task.hpp"

namespace crossfade {

namespace driver {
class Execution;
}

// One execute(), to await once.
class [[nodiscard]] PendingResult {
public:
    explicit PendingResult(driver::Execution* execution, const Executor* executor) noexcept
        : execution_(execution), executor_(executor) {}
    PendingResult(PendingResult&& other) noexcept
        : execution_(std::exchange(other.execution_, nullptr)), executor_(other.executor_) {}
    PendingResult& operator=(PendingResult&&) = delete;
    ~PendingResult();

    bool await_ready() const noexcept { return false; }
    void await_suspend(std::coroutine_handle<> waiting);
    ResultSet await_resume() { return take_outcome().value(); }

    class AsOutcome {
    public:
        explicit AsOutcome(PendingResult& of) noexcept : of_(&of) {}
        bool await_ready() const noexcept { return false; }
        void await_suspend(std::coroutine_handle<> waiting) { of_->await_suspend(waiting); }
        Outcome<ResultSet> await_resume() { return of_->take_outcome(); }

    private:
        PendingResult* of_;
    };
    // To await instead of this: an Outcome in place of what would be thrown.
    AsOutcome outcome() & noexcept { return AsOutcome(*this); }
    AsOutcome outcome() && noexcept { return AsOutcome(*this); }

private:
    friend class driver::Execution;
    Outcome<ResultSet> take_outcome() { return std::move(*outcome_); }

    driver::Execution* execution_;  // until it is awaited
    const Executor* executor_;
    std::optional<Outcome<ResultSet>> outcome_;
};

// Another call, to await once.
template <class T>
class [[nodiscard]] Pending {
public:
    Pending(std::function<void(Callback<T>)> start, Executor executor)
        : start_(std::move(start)), executor_(std::move(executor)) {}

    bool await_ready() const noexcept { return false; }
    void await_suspend(std::coroutine_handle<> waiting) {
        // It may be resumed, and this be gone, before start_() returns.
        const auto start = std::move(start_);
        start([this, waiting](Outcome<T> outcome) {
            outcome_.emplace(std::move(outcome));
            if (executor_)
                executor_([waiting] { waiting.resume(); });
            else
                waiting.resume();
        });
    }
    T await_resume() { return std::move(*outcome_).value(); }

private:
    std::function<void(Callback<T>)> start_;
    Executor executor_;
    std::optional<Outcome<T>> outcome_;
};

// A session as coroutines use it; the Session's contract holds. Keep it as long as what it gave is awaited.
class AsyncSession {
public:
    AsyncSession(Session session, Executor resume_on) : session_(std::move(session)), executor_(std::move(resume_on)) {}

    // As Session::execute(): the statement is copied before the call returns. Awaited it gives a ResultSet, or throws
    // what that throws (no wrong_thread: nothing blocks).
    PendingResult execute(const std::string& text) const { return execute(Statement(text)); }
    PendingResult execute(const Statement& statement) const;
    PendingResult execute(const BoundStatement& statement) const;
    PendingResult execute(const Batch& batch) const;
    // The page behind `page`. Throws bad_value at once when it is the last.
    PendingResult next_page(const ResultSet& page) const;
    // As Session::prepare().
    Pending<PreparedStatement> prepare(std::string text) const;

    // The same session, for those who block; as long as this lives.
    const Session& blocking() const noexcept { return session_; }

private:
    Session session_;
    Executor executor_;
};

}  // namespace crossfade
