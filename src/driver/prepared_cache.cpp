#include "driver/prepared_cache.hpp"

#include <algorithm>
#include <coroutine>
#include <optional>
#include <utility>

#include "cql/request.hpp"

namespace crossfade::driver {
namespace {

std::vector<cql::OwnedColumn> owned(const std::vector<cql::ColumnSpec>& columns) {
    std::vector<cql::OwnedColumn> list;
    list.reserve(columns.size());
    for (const cql::ColumnSpec& column : columns)
        list.push_back(
            {std::string(column.keyspace), std::string(column.table), std::string(column.name), column.type});
    return list;
}

base::Bytes copy(base::ByteView bytes) {
    return {bytes.begin(), bytes.end()};
}

}  // namespace

// One who waits for a PREPARE that somebody else has sent, no longer than its own time.
class PreparedCache::Waiting {
public:
    Waiting(net::Loop& loop, std::shared_ptr<Flight> flight, TimePoint deadline)
        : flight_(std::move(flight)), timer_(loop) {
        flight_->waiting.push_back(this);
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - loop.now());
        timer_.start(std::max(left, std::chrono::milliseconds(0)), [this] {
            std::erase(flight_->waiting, this);
            finish(base::fail(base::ErrorKind::timeout, "the statement was not prepared again in time"));
        });
    }

    bool await_ready() const { return false; }
    void await_suspend(std::coroutine_handle<> waiting) { waiting_ = waiting; }
    base::Result<PreparedPtr> await_resume() { return std::move(*result_); }

    // The last thing that is done with it.
    void finish(base::Result<PreparedPtr> result) {
        timer_.cancel();
        result_.emplace(std::move(result));
        waiting_.resume();
    }

private:
    const std::shared_ptr<Flight> flight_;
    net::Timer timer_;
    std::optional<base::Result<PreparedPtr>> result_;
    std::coroutine_handle<> waiting_;
};

base::Task<base::Result<PreparedPtr>> PreparedCache::prepare(std::string text, std::string keyspace) {
    const auto self = shared_from_this();
    // No name has a NUL in it.
    const std::string key = keyspace.empty() ? text : text + '\0' + keyspace;
    if (const auto known = statements_.find(key); known != statements_.end()) co_return known->second;
    const TimePoint deadline = dispatcher_->loop().now() + timeout_;
    base::Result<PreparedPtr> prepared = co_await fly(key, std::move(text), std::move(keyspace), 0, deadline);
    if (prepared) self->keep(key, *prepared);
    co_return prepared;
}

base::Task<base::Result<void>> PreparedCache::prepare_again(NodeId node, PreparedPtr statement, TimePoint deadline) {
    const auto self = shared_from_this();
    ++prepared_again_;
    base::Result<PreparedPtr> prepared =
        co_await fly(std::to_string(node) + '\n' + statement->prepared_in + '\n' + statement->text, statement->text,
                     statement->prepared_in, node, deadline);
    if (!prepared) co_return base::fail(prepared.error());
    statement->current_id_ = (*prepared)->current_id_;
    statement->current_result_metadata_id_ = (*prepared)->current_result_metadata_id_;
    statement->current_columns_ = (*prepared)->current_columns_;
    co_return base::Result<void>();
}

base::Task<base::Result<PreparedPtr>> PreparedCache::fly(std::string key, std::string text, std::string keyspace,
                                                         NodeId node, TimePoint deadline) {
    const auto self = shared_from_this();
    // One under way may have been asked for by somebody with less time: then it is tried again.
    while (true) {
        const auto under_way = flights_.find(key);
        if (under_way == flights_.end()) break;
        Waiting waiting(dispatcher_->loop(), under_way->second, deadline);
        base::Result<PreparedPtr> prepared = co_await waiting;
        const bool is_late = self->dispatcher_->loop().now() >= deadline;
        if (prepared || prepared.error().kind != base::ErrorKind::timeout || is_late) co_return prepared;
    }
    const auto flight = std::make_shared<Flight>();
    flights_.emplace(key, flight);
    base::Result<PreparedPtr> prepared = co_await send(std::move(text), std::move(keyspace), node, deadline);
    self->flights_.erase(key);
    for (Waiting* const waiting : std::exchange(flight->waiting, {})) waiting->finish(prepared);
    co_return prepared;
}

base::Task<base::Result<PreparedPtr>> PreparedCache::send(std::string text, std::string keyspace, NodeId node,
                                                          TimePoint deadline) {
    const auto self = shared_from_this();
    AwaitedRequest request(dispatcher_);
    cql::append_prepare(request.frame(), version_, 0, text, keyspace);
    RequestOptions options;
    options.is_idempotent = true;
    options.deadline = deadline;
    options.timeout = timeout_;
    options.only_if_open = node;
    request.begin(std::move(options));
    const base::Result<Rows> rows = co_await request;
    if (!rows) co_return base::fail(rows.error());
    co_return self->read(text, keyspace, *rows);
}

base::Result<PreparedPtr> PreparedCache::read(const std::string& text, const std::string& keyspace,
                                              const Rows& rows) const {
    const auto parsed = cql::parse_prepared(version_, rows.message());
    if (rows.kind() != cql::ResultKind::prepared || !parsed)
        return base::fail(base::ErrorKind::protocol, "the answer to PREPARE of '" + text + "' cannot be read" +
                                                         (parsed ? "" : ": " + parsed.error().message));
    auto statement = std::make_shared<Prepared>();
    statement->text = text;
    statement->prepared_in = keyspace;
    statement->id = copy(parsed->id);
    statement->result_metadata_id = copy(parsed->result_metadata_id);
    statement->variables = owned(parsed->variables.columns);
    statement->columns = owned(parsed->result.columns);
    statement->key_indices = parsed->variables.key_indices;
    const auto& named = statement->variables.empty() ? statement->columns : statement->variables;
    if (!named.empty()) {
        statement->keyspace = named.front().keyspace;
        statement->table = named.front().table;
    }
    statement->current_id_ = statement->id;
    statement->current_result_metadata_id_ = statement->result_metadata_id;
    if (!statement->columns.empty()) statement->current_columns_ = nodes::own_columns(parsed->result);
    return PreparedPtr(std::move(statement));
}

void PreparedCache::keep(std::string key, const PreparedPtr& statement) {
    if (!statements_.emplace(key, statement).second) return;
    order_.push_back(std::move(key));
    if (order_.size() <= most_statements) return;
    statements_.erase(order_.front());
    order_.pop_front();
}

void PreparedCache::columns_changed(const Prepared& statement, const Rows& rows) {
    statement.current_result_metadata_id_ = copy(rows.new_metadata_id());
    statement.current_columns_ = nodes::own_columns(rows.columns());
}

}  // namespace crossfade::driver
