// One request of a session, from its first try to its one result.
#pragma once

#include <chrono>
#include <coroutine>
#include <cstdint>
#include <memory>
#include <optional>

#include "base/result.hpp"
#include "base/timing_wheel.hpp"
#include "cql/token.hpp"
#include "driver/pool.hpp"
#include "driver/retry.hpp"
#include "driver/rows.hpp"
#include "nodes/connection.hpp"

namespace crossfade::driver {

class Dispatcher;

// What a request is sent with, beside its frame.
struct RequestOptions {
    RequestOptions() = default;

    bool is_idempotent = false;
    std::chrono::steady_clock::time_point deadline;  // of everything: waiting for room, all tries
    std::chrono::milliseconds timeout{0};            // the same as a duration, for messages
    std::span<const std::uint32_t> replicas;         // indices into the topology's nodes; looked at in begin() only
    NodeId only_if_open = 0;
    NodeId avoid = 0;  // another node, where one is open
    std::shared_ptr<const nodes::ResultColumns> known_columns;
    const RetryRule* retry_rule = nullptr;  // instead of Retries; outlives the request
};

// Sends its frame until one try ends it, waits for room, keeps its deadline. What derives from it reads the answer and
// is told the end.
//     …append one request frame with stream id 0 to request.frame()…
//     request.begin(options);
// begin_again() may be called once it has ended (after a re-prepare). Its destruction before that forgets the answer.
class Request : public nodes::AnswerWaiter, private base::WheelEntry {
public:
    Request(const Request&) = delete;
    Request& operator=(const Request&) = delete;

    base::Bytes& frame() { return frame_; }
    void begin(RequestOptions options);
    // Once more, to `node` as long as that is open, with what is left of its time.
    void begin_again(NodeId node, std::shared_ptr<const nodes::ResultColumns> known_columns);
    // Forgets an answer that is still to come; ended() is not called any more. Idempotent.
    void abandon() { end_try(); }

    // After the end. Where the last answer came from, and, when it was UNPREPARED, the id that the node does not know;
    // else empty.
    NodeId answered_by() const { return node_; }
    std::chrono::steady_clock::time_point deadline() const { return options_.deadline; }
    const base::Bytes& unprepared_id() const { return unprepared_id_; }
    std::uint32_t tries() const { return tries_; }
    bool was_sent() const { return was_sent_; }  // at least once

    void on_answer(nodes::Connection& from, const nodes::Answer& answer) override;
    void on_lost(nodes::Connection& from, const base::Error& why) override;

protected:
    explicit Request(std::shared_ptr<Dispatcher> dispatcher);
    ~Request() override;

    // An answer that is no ERROR, as long as the call lasts. What it gives ends the request.
    virtual base::Result<void> take(nodes::Connection& from, const nodes::Answer& answer) = 0;
    // The end, told once for each begin(); nothing of the request is touched afterwards, so it may be destroyed.
    virtual void ended(base::Result<void> result) = 0;

    const std::shared_ptr<const nodes::ResultColumns>& known_columns() const { return options_.known_columns; }

private:
    friend class Dispatcher;
    void on_expired() override;
    void failed(base::Error error);
    void finish(base::Result<void> result);
    void end_try();

    const std::shared_ptr<Dispatcher> dispatcher_;
    base::Bytes frame_;
    RequestOptions options_;
    Retries retries_{false};
    base::Bytes unprepared_id_;

    // Kept with the dispatcher.
    nodes::Connection* connection_ = nullptr;  // while it is sent
    std::uint16_t stream_id_ = 0;
    NodeId node_ = 0, avoid_ = 0;
    std::uint32_t tries_ = 0;
    bool is_begun_ = false;
    bool was_sent_ = false;  // at least once: the outcome may be unknown
    bool is_queued_ = false;
    Request* previous_ = nullptr;  // of those that wait for room
    Request* next_ = nullptr;
};

// A request to await. Lives in the coroutine that awaits it, so that it costs no allocation of its own:
//     AwaitedRequest request(dispatcher);
//     …request.frame(), request.begin(options)…
//     base::Result<Rows> rows = co_await request;
// After begin_again() it is awaited again.
class AwaitedRequest final : public Request {
public:
    explicit AwaitedRequest(std::shared_ptr<Dispatcher> dispatcher) : Request(std::move(dispatcher)) {}

    bool await_ready() const { return result_.has_value(); }
    void await_suspend(std::coroutine_handle<> waiting) { waiting_ = waiting; }
    base::Result<Rows> await_resume() {
        base::Result<Rows> result = std::move(*result_);
        result_.reset();
        return result;
    }

private:
    base::Result<void> take(nodes::Connection& from, const nodes::Answer& answer) override;
    void ended(base::Result<void> result) override;

    Rows rows_;
    std::optional<base::Result<Rows>> result_;
    std::coroutine_handle<> waiting_;
};

}  // namespace crossfade::driver
