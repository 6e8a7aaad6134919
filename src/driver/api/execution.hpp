// One execute() of a session, from the caller's statement to its one outcome: tries, speculative executions, preparing
// again, waiting for schema agreement.
#pragma once

#include <chrono>
#include <coroutine>
#include <memory>
#include <optional>
#include <vector>

#include "base/result.hpp"
#include "base/task.hpp"
#include "crossfade/async_session.hpp"
#include "driver/api/command.hpp"
#include "driver/api/page.hpp"
#include "driver/request.hpp"

namespace crossfade::driver {

class SessionCore;
struct Home;

// Filled by the caller on its thread (command, and one of callback and pending), then SessionCore's until the outcome
// is told on the loop's thread; used again after that. A prepared execute allocates nothing once its memory is there.
class Execution {
public:
    Execution();
    ~Execution();
    Execution(const Execution&) = delete;
    Execution& operator=(const Execution&) = delete;

    Command command;
    Callback<ResultSet> callback;
    // Instead of it: a coroutine that waits.
    PendingResult* pending = nullptr;
    std::coroutine_handle<> waiting;
    const Executor* executor = nullptr;

    // Hands it to its session, or gives it back without that. Any thread.
    void submit();
    void give_back();

private:
    friend class SessionCore;
    class Attempt;

    // Loop's thread.
    void start();
    void fail(base::Error error);  // instead of start()
    RequestOptions resolve();
    void speculate();
    void attempt_ended(Attempt& attempt, base::Result<void> result);
    void attempt_failed(base::Error error);
    bool begin_elsewhere(Attempt& attempt);
    void leave_for(const std::shared_ptr<const Home>& home);
    void succeeded(Attempt& attempt);
    void over();
    void tell();
    PreparedPtr statement_of(const base::Bytes& prepared_id) const;
    static base::Task<void> prepare_again(Execution& self, Attempt& attempt);
    static base::Task<void> wait_for_agreement(Execution& self);
    void remember_next_page();
    void forget_others();

    std::shared_ptr<SessionCore> session_;  // while it is in use
    Execution* next_ = nullptr;             // of those submitted by other threads

    std::unique_ptr<Attempt> first_;  // made once, on the loop's thread
    std::vector<std::unique_ptr<Attempt>> others_;
    std::unique_ptr<net::Timer> speculation_;
    std::chrono::steady_clock::time_point began_;
    RequestOptions options_;
    SpeculativeExecution speculative_;
    std::shared_ptr<const RetryPolicy> retry_policy_;
    std::unique_ptr<RetryRule> retry_rule_;
    PagePtr page_;
    std::optional<base::Error> error_;
    int running_ = 0;    // attempts without an end
    int preparing_ = 0;  // coroutines that know this
    int prepares_ = 0;
    bool is_starting_ = false, is_over_ = false;
};

}  // namespace crossfade::driver
