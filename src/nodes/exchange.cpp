#include "nodes/exchange.hpp"

#include <utility>

namespace crossfade::nodes {

base::Error read_error(cql::ProtocolVersion version, std::string_view node, base::ByteView message) {
    const auto error = cql::parse_error(version, message);
    if (!error) return base::Error(base::ErrorKind::protocol, std::string(node) + ": " + error.error().message);
    return base::Error(
        base::ErrorKind::server,
        std::string(node) + ": " + std::string(cql::name_of(error->code)) + ": " + std::string(error->text),
        static_cast<std::int32_t>(error->code));
}

base::Result<Rows> read_rows(const Connection& from, const Answer& answer,
                             const std::shared_ptr<const ResultColumns>& known) {
    if (answer.header.opcode == cql::Opcode::error)
        return base::fail(read_error(from.version(), from.peer(), answer.message));
    if (answer.header.opcode != cql::Opcode::result) return Rows();
    auto rows = Rows::read(from.version(), answer.message, known);
    if (!rows) rows.error().message.insert(0, from.peer() + ": ");
    return rows;
}

Exchange::Exchange(net::Loop& loop, std::shared_ptr<Connection> connection, base::ByteView frame,
                   std::chrono::milliseconds timeout)
    : connection_(std::move(connection)), timer_(loop) {
    if (!connection_->has_room()) {
        result_.emplace(base::fail(base::ErrorKind::unavailable,
                                   connection_->peer() + ": not connected, or no room for a request"));
        return;
    }
    stream_id_ = connection_->send(*this, frame);
    is_out_ = true;
    timer_.start(timeout, [this, timeout] {
        connection_->forget(stream_id_);
        finish(base::fail(base::ErrorKind::timeout,
                          connection_->peer() + ": no answer within " + std::to_string(timeout.count()) + " ms"));
    });
}

Exchange::~Exchange() {
    if (is_out_) connection_->forget(stream_id_);
}

void Exchange::on_answer(Connection& from, const Answer& answer) {
    finish(read_rows(from, answer));
}

void Exchange::on_lost(Connection&, const base::Error& why) {
    finish(base::fail(why));
}

void Exchange::finish(base::Result<Rows> result) {
    is_out_ = false;
    timer_.cancel();
    result_.emplace(std::move(result));
    if (waiting_) std::exchange(waiting_, nullptr).resume();
}

}  // namespace crossfade::nodes
