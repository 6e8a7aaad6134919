// A client of one cluster: pools of connections to its nodes, prepared statements, paging, retries. All calls on the
// loop's thread.
//
//     auto session = co_await driver::Session::connect(loop, options);
//     auto statement = co_await (*session)->prepare("SELECT v FROM ks.t WHERE k = ?");
//     auto rows = co_await (*session)->execute(*statement, values, driver::ExecuteOptions());
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "base/task.hpp"
#include "cql/compression.hpp"
#include "cql/request.hpp"
#include "cql/token.hpp"
#include "driver/prepared.hpp"
#include "driver/rows.hpp"
#include "net/loop.hpp"
#include "nodes/cluster_options.hpp"
#include "nodes/control_connection.hpp"
#include "nodes/schema.hpp"

namespace crossfade::driver {

class Dispatcher;
class PreparedCache;

struct SessionOptions {
    SessionOptions() = default;  // not an aggregate: safe as a temporary in a coroutine

    nodes::ClusterOptions cluster;
    std::optional<cql::ProtocolVersion> version;  // absent: the highest of v5, v4, v3 that the cluster speaks
    cql::Compression compression = cql::Compression::none;
    std::uint32_t connections_per_node = 1;
    std::chrono::milliseconds request_timeout{12000};  // of one request with its waiting and retries
    cql::Consistency consistency = cql::Consistency::local_quorum;
    std::string application_name;
    std::string keyspace;    // every connection is USEd to it; empty: none
    std::string local_rack;  // as PoolOptions
    std::chrono::milliseconds first_backoff{100}, longest_backoff{5000};
    // Without a local datacenter configured: a cluster of several is refused, and they are named.
    bool must_know_datacenter = false;
};

// Of one request. What is absent is the session's.
struct ExecuteOptions {
    ExecuteOptions() = default;

    std::optional<cql::Consistency> consistency, serial_consistency;
    std::optional<std::int32_t> page_size;
    base::Bytes paging_state;                    // of the page before; empty: the first page
    std::optional<std::int64_t> timestamp;       // microseconds
    std::optional<std::int32_t> now_in_seconds;  // v5 only
    // Running it twice does no harm: it may be retried on another node. SELECTs, and writes of fixed values at fixed
    // timestamps.
    bool idempotent = false;
    // A replica of this token is preferred; absent: worked out from the bound partition key where the server told which
    // it is.
    std::optional<cql::Token> routing_token;
    std::string routing_keyspace;  // for routing_token of requests that are not prepared
    std::optional<std::chrono::milliseconds> timeout;
};

// One statement of a batch: prepared, or text. `values` are copied before batch() returns.
struct BatchStatement {
    BatchStatement(std::shared_ptr<const Prepared> statement, std::vector<cql::ValueView> bound)
        : prepared(std::move(statement)), values(std::move(bound)) {}
    BatchStatement(std::string statement, std::vector<cql::ValueView> bound)
        : text(std::move(statement)), values(std::move(bound)) {}

    std::shared_ptr<const Prepared> prepared;
    std::string text;
    std::vector<cql::ValueView> values;
};

struct SessionStatistics {
    std::uint64_t requests = 0, retries = 0, timeouts = 0, reprepares = 0;
    std::uint32_t open_connections = 0, in_flight = 0, waiting = 0;  // now; waiting: for room on a connection
};

// Errors of every request: server (code and text of the cluster), timeout (sent, outcome unknown), unavailable (nothing
// was sent: no connection, or no room, within the timeout), connection (lost after it was sent: outcome unknown),
// protocol, interrupted (closed). A request never fails for want of a stream id: it waits. Every request ends within
// its timeout and a tick of 10 ms.
class Session : public std::enable_shared_from_this<Session> {
public:
    // Connects to every node of the local datacenter; succeeds when one answered. Errors: authentication, connection,
    // protocol, timeout; bad_configuration when no node is in the local datacenter named; interrupted, at once, when
    // `stop` is requested (on the loop's thread).
    static base::Task<base::Result<std::shared_ptr<Session>>> connect(net::Loop& loop, SessionOptions options,
                                                                      std::stop_token stop = {});
    ~Session();
    Session(const Session&) = delete;
    Session& operator=(const Session&) = delete;

    // A simple statement. Values are for its `?` in order; nullopt is null.
    base::Task<base::Result<Rows>> query(std::string text, std::vector<std::optional<base::Bytes>> values = {},
                                         ExecuteOptions options = ExecuteOptions());
    // From the session's cache, or prepared now; the same text is prepared once however many ask at once.
    base::Task<base::Result<std::shared_ptr<const Prepared>>> prepare(std::string text);
    // `values` are what the views show when execute() is called: copied before it returns. Re-prepares on UNPREPARED by
    // itself.
    base::Task<base::Result<Rows>> execute(std::shared_ptr<const Prepared> statement,
                                           std::vector<cql::ValueView> values,
                                           ExecuteOptions options = ExecuteOptions());
    base::Task<base::Result<Rows>> batch(cql::BatchType type, std::vector<BatchStatement> statements,
                                         ExecuteOptions options = ExecuteOptions());
    // A message body as this session's version writes it. Of `options` only idempotent, routing and timeout count.
    // UNPREPARED is an error like others here.
    base::Task<base::Result<Rows>> raw(cql::Opcode opcode, base::Bytes body, ExecuteOptions options = ExecuteOptions());

    // Empty: all but the server's own keyspaces.
    base::Task<base::Result<nodes::Schema>> schema(std::vector<std::string> keyspaces = {});
    // Waits until all nodes that are up agree on the schema; timeout otherwise. After DDL.
    base::Task<base::Result<void>> schema_agreement(std::chrono::milliseconds within);
    base::Task<base::Result<nodes::ClockReading>> measure_clock();

    std::shared_ptr<const nodes::Topology> topology() const;
    cql::ProtocolVersion version() const;
    const SessionOptions& options() const;
    SessionStatistics statistics() const;
    // Called with each topology that differs from the one before; replaces the call before. Not kept after close().
    void on_topology(std::function<void(std::shared_ptr<const nodes::Topology>)> call);
    // Called with each event of the cluster; replaces the one before. Not kept after close().
    void on_event(std::function<void(std::shared_ptr<const nodes::ClusterEvent>)> call);

    // For those who send requests of their own kind (the public session).
    const std::shared_ptr<Dispatcher>& dispatcher() const;
    const std::shared_ptr<PreparedCache>& prepared_cache() const;

    // Ends all connections; requests under way fail with kind interrupted. Once is enough; the destructor does it too.
    void close();

private:
    class Implementation;
    explicit Session(std::shared_ptr<Implementation> implementation);
    std::shared_ptr<Implementation> implementation_;
};

}  // namespace crossfade::driver
