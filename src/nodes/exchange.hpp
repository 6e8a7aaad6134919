// One request and its answer on one connection, as something to await. For what is rare: the control connection, USE on
// a new one.
#pragma once

#include <chrono>
#include <coroutine>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "base/result.hpp"
#include "net/loop.hpp"
#include "nodes/connection.hpp"
#include "nodes/rows.hpp"

namespace crossfade::nodes {

// The failure that an ERROR message tells: kind server, its code, "<node>: <NAME>: <text>". A message that is broken:
// protocol.
base::Error read_error(cql::ProtocolVersion version, std::string_view node, base::ByteView message);
// The answer as rows; an ERROR as its error; any other opcode as void.
base::Result<Rows> read_rows(const Connection& from, const Answer& answer,
                             const std::shared_ptr<const ResultColumns>& known = nullptr);

// Make it a named local, and `co_await` it once:
//     Exchange exchange(loop, connection, frame, timeout);
//     base::Result<Rows> rows = co_await exchange;
// Errors: as read_rows(); unavailable when the connection has ended or has no room; timeout; connection when it is
// lost.
class Exchange final : public AnswerWaiter {
public:
    // `frame`: a whole request frame of the connection's version. Sent at once.
    Exchange(net::Loop& loop, std::shared_ptr<Connection> connection, base::ByteView frame,
             std::chrono::milliseconds timeout);
    ~Exchange();
    Exchange(const Exchange&) = delete;
    Exchange& operator=(const Exchange&) = delete;

    bool await_ready() const { return result_.has_value(); }
    void await_suspend(std::coroutine_handle<> waiting) { waiting_ = waiting; }
    base::Result<Rows> await_resume() { return std::move(*result_); }

    void on_answer(Connection& from, const Answer& answer) override;
    void on_lost(Connection& from, const base::Error& why) override;

private:
    void finish(base::Result<Rows> result);

    const std::shared_ptr<Connection> connection_;
    net::Timer timer_;
    std::uint16_t stream_id_ = 0;
    bool is_out_ = false;
    std::optional<base::Result<Rows>> result_;
    std::coroutine_handle<> waiting_;
};

}  // namespace crossfade::nodes
