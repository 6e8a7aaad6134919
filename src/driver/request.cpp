#include "driver/request.hpp"

#include <utility>

#include "driver/dispatcher.hpp"
#include "nodes/exchange.hpp"

namespace crossfade::driver {
namespace {

// A rule that always wants another try is stopped by the deadline, but not by it alone.
constexpr std::uint32_t most_tries = 100;

}  // namespace

Request::Request(std::shared_ptr<Dispatcher> dispatcher)
    : dispatcher_(std::move(dispatcher)), frame_(dispatcher_->take_buffer()) {}

Request::~Request() {
    end_try();
    dispatcher_->give_buffer(std::move(frame_));
}

void Request::begin(RequestOptions options) {
    options_ = std::move(options);
    retries_ = Retries(options_.is_idempotent);
    unprepared_id_.clear();
    avoid_ = options_.avoid;
    tries_ = 0;
    was_sent_ = false;
    is_begun_ = true;
    dispatcher_->begin(*this);
}

void Request::begin_again(NodeId node, std::shared_ptr<const nodes::ResultColumns> known_columns) {
    options_.only_if_open = node;
    options_.known_columns = std::move(known_columns);
    begin(std::move(options_));
}

// Leaves the queue, the wheel and the connection, wherever it is.
void Request::end_try() {
    if (connection_ != nullptr) std::exchange(connection_, nullptr)->forget(stream_id_);
    if (std::exchange(is_begun_, false)) dispatcher_->end(*this);
}

void Request::on_answer(nodes::Connection& from, const nodes::Answer& answer) {
    connection_ = nullptr;
    if (answer.header.opcode != cql::Opcode::error) {
        // Broken or not: the connection is good, and the answer would be the same again.
        finish(take(from, answer));
        return;
    }
    base::Error error = nodes::read_error(from.version(), from.peer(), answer.message);
    if (error.server_code == static_cast<std::int32_t>(cql::ErrorCode::unprepared)) {
        if (const auto parsed = cql::parse_error(from.version(), answer.message))
            unprepared_id_.assign(parsed->unprepared_id.begin(), parsed->unprepared_id.end());
    }
    if (error.kind == base::ErrorKind::protocol)
        finish(base::fail(std::move(error)));
    else
        failed(std::move(error));
}

void Request::on_lost(nodes::Connection&, const base::Error& why) {
    connection_ = nullptr;
    failed(why);
}

void Request::failed(base::Error error) {
    ++tries_;
    const auto failure = failure_of(error);
    RetryVerdict verdict = RetryVerdict::give_up;
    if (failure && !dispatcher_->is_closed()) {
        if (options_.retry_rule == nullptr)
            verdict = dispatcher_->may_try_again(*this, *failure) ? RetryVerdict::next_node : RetryVerdict::give_up;
        else if (tries_ < most_tries)
            verdict = options_.retry_rule->after(error, *failure, tries_, options_.is_idempotent);
    }
    if (verdict == RetryVerdict::give_up) {
        finish(base::fail(std::move(error)));
        return;
    }
    if (verdict == RetryVerdict::ignore) {
        finish({});
        return;
    }
    const bool is_same = verdict == RetryVerdict::same_node;
    avoid_ = is_same ? 0 : node_;
    options_.only_if_open = is_same ? node_ : 0;
    dispatcher_->try_again(*this);
}

void Request::on_expired() {
    dispatcher_->note_timeout();
    const std::string within = " within " + std::to_string(options_.timeout.count()) + " ms";
    if (connection_ != nullptr) {
        finish(base::fail(base::ErrorKind::timeout, connection_->peer() + ": no answer" + within));
        return;
    }
    const std::string why = dispatcher_->why_no_room();
    if (was_sent_)
        finish(base::fail(base::ErrorKind::timeout, "no answer" + within + ", and no other node: " + why));
    else
        finish(base::fail(base::ErrorKind::unavailable, "not sent" + within + ": " + why));
}

void Request::finish(base::Result<void> result) {
    end_try();
    ended(std::move(result));
}

base::Result<void> AwaitedRequest::take(nodes::Connection& from, const nodes::Answer& answer) {
    base::Result<Rows> rows = nodes::read_rows(from, answer, known_columns());
    if (!rows) return base::fail(std::move(rows.error()));
    rows_ = std::move(*rows);
    return {};
}

void AwaitedRequest::ended(base::Result<void> result) {
    if (result)
        result_.emplace(std::exchange(rows_, Rows()));
    else
        result_.emplace(base::fail(std::move(result.error())));
    // This is the last: the coroutine may end, and this with it.
    if (waiting_) std::exchange(waiting_, nullptr).resume();
}

}  // namespace crossfade::driver
