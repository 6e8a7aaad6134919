#include "driver/request.hpp"

#include <utility>

#include "driver/dispatcher.hpp"
#include "nodes/exchange.hpp"

namespace crossfade::driver {

Request::Request(std::shared_ptr<Dispatcher> dispatcher)
    : dispatcher_(std::move(dispatcher)), frame_(dispatcher_->take_buffer()) {}

Request::~Request() {
    end_try();
    dispatcher_->give_buffer(std::move(frame_));
}

void Request::begin(RequestOptions options) {
    options_ = std::move(options);
    retries_ = Retries(options_.is_idempotent);
    result_.reset();
    unprepared_id_.clear();
    avoid_ = 0;
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
    base::Result<Rows> rows = nodes::read_rows(from, answer, options_.known_columns);
    if (rows) {
        finish(std::move(rows));
        return;
    }
    if (rows.error().server_code == static_cast<std::int32_t>(cql::ErrorCode::unprepared)) {
        if (const auto error = cql::parse_error(from.version(), answer.message))
            unprepared_id_.assign(error->unprepared_id.begin(), error->unprepared_id.end());
    }
    if (rows.error().kind == base::ErrorKind::protocol) {
        // The connection is good; this answer is not, and would be the same again.
        finish(std::move(rows));
        return;
    }
    failed(std::move(rows.error()));
}

void Request::on_lost(nodes::Connection&, const base::Error& why) {
    connection_ = nullptr;
    failed(why);
}

void Request::failed(base::Error error) {
    const auto failure = failure_of(error);
    if (!failure || !dispatcher_->may_try_again(*this, *failure)) {
        finish(base::fail(std::move(error)));
        return;
    }
    avoid_ = node_;
    options_.only_if_open = 0;
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

void Request::finish(base::Result<Rows> result) {
    end_try();
    result_.emplace(std::move(result));
    // This is the last: the coroutine may end, and this with it.
    if (waiting_) std::exchange(waiting_, nullptr).resume();
}

}  // namespace crossfade::driver
