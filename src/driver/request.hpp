// One request of a session, from its first try to its one result; something to await.
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
    std::shared_ptr<const nodes::ResultColumns> known_columns;
};

// Lives in the coroutine that awaits it, so that it costs no allocation of its own:
//     Request request(dispatcher);
//     …append one request frame with stream id 0 to request.frame()…
//     request.begin(options);
//     base::Result<Rows> rows = co_await request;
// begin_again() may be called once it has a result (after a re-prepare); then it is awaited again. Its end before that
// forgets the answer.
class Request final : public nodes::AnswerWaiter, private base::WheelEntry {
public:
    explicit Request(std::shared_ptr<Dispatcher> dispatcher);
    ~Request() override;
    Request(const Request&) = delete;
    Request& operator=(const Request&) = delete;

    base::Bytes& frame() { return frame_; }
    void begin(RequestOptions options);
    // Once more, to `node` as long as that is open, with what is left of its time.
    void begin_again(NodeId node, std::shared_ptr<const nodes::ResultColumns> known_columns);

    bool await_ready() const { return result_.has_value(); }
    void await_suspend(std::coroutine_handle<> waiting) { waiting_ = waiting; }
    base::Result<Rows> await_resume() { return std::move(*result_); }

    // After the result. Where the last answer came from, and, when it was UNPREPARED, the id that the node does not
    // know; else empty.
    NodeId answered_by() const { return node_; }
    std::chrono::steady_clock::time_point deadline() const { return options_.deadline; }
    const base::Bytes& unprepared_id() const { return unprepared_id_; }

    void on_answer(nodes::Connection& from, const nodes::Answer& answer) override;
    void on_lost(nodes::Connection& from, const base::Error& why) override;

private:
    friend class Dispatcher;
    void on_expired() override;
    void failed(base::Error error);
    void finish(base::Result<Rows> result);
    void end_try();

    const std::shared_ptr<Dispatcher> dispatcher_;
    base::Bytes frame_;
    RequestOptions options_;
    Retries retries_{false};
    std::optional<base::Result<Rows>> result_;
    base::Bytes unprepared_id_;
    std::coroutine_handle<> waiting_;

    // Kept with the dispatcher.
    nodes::Connection* connection_ = nullptr;  // while it is sent
    std::uint16_t stream_id_ = 0;
    NodeId node_ = 0, avoid_ = 0;
    bool is_begun_ = false;
    bool was_sent_ = false;  // at least once: the outcome may be unknown
    bool is_queued_ = false;
    Request* previous_ = nullptr;  // of those that wait for room
    Request* next_ = nullptr;
};

}  // namespace crossfade::driver
