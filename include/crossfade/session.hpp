// A session: where statements are executed.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "crossfade/listener.hpp"
#include "crossfade/metadata.hpp"
#include "crossfade/result_set.hpp"
#include "crossfade/statement.hpp"

namespace crossfade {

namespace driver {
class SessionCore;
}
class AsyncSession;
// Where a coroutine goes on: called with what to run, once. Empty: on the driver's thread, at once.
using Executor = std::function<void(std::function<void()>)>;

// Pools of connections to the nodes of the local datacenter. Copies are the same session; when the last one
// goes, and no request, and no page that has a next one, it is closed.
// Any thread, and several at once.
//
// Blocking calls throw Error: server (with its code), timeout, unavailable, connection, protocol, closed,
// bad_configuration, and wrong_thread on the driver's own thread, inside a callback, say. Every call ends within the
// request's timeout and a tick of 10 ms. A request that finds no room on a connection waits for it.
class Session {
public:
    explicit Session(std::shared_ptr<driver::SessionCore> core) : core_(std::move(core)) {}

    // Sends a copy of the statement, and waits for the first page of its result. `USE` is refused: it would change one
    // connection of many. Cluster::connect(keyspace) and Statement::keyspace() are for that.
    ResultSet execute(const std::string& text) const { return execute(Statement(text)); }
    ResultSet execute(const Statement& statement) const;
    ResultSet execute(const BoundStatement& statement) const;
    ResultSet execute(const Batch& batch) const;
    // The text is parsed by the cluster once for each session, however often it is prepared. `keyspace`: what
    // unqualified names are in (protocol v5).
    PreparedStatement prepare(const std::string& text, const std::string& keyspace = {}) const;

    // The same without waiting: `done` is called once, on the driver's thread (once the session is closed, on the
    // caller's).
    void execute(const std::string& text, Callback<ResultSet> done) const { execute(Statement(text), std::move(done)); }
    void execute(const Statement& statement, Callback<ResultSet> done) const;
    void execute(const BoundStatement& statement, Callback<ResultSet> done) const;
    void execute(const Batch& batch, Callback<ResultSet> done) const;
    void prepare(const std::string& text, Callback<PreparedStatement> done) const;
    // The page behind `page`; bad_value when it is the last.
    ResultSet next_page(const ResultSet& page) const;
    void next_page(const ResultSet& page, Callback<ResultSet> done) const;

    // The same session for coroutines: co_await session.async().execute(…). See async_session.hpp.
    AsyncSession async(Executor resume_on = {}) const;

    // Every node of the cluster, of all datacenters.
    std::vector<NodeInfo> nodes() const;
    // Where it is now: another one after a failover.
    std::string local_datacenter() const;
    // Never changes.
    int protocol_version() const;  // 3, 4 or 5
    // Read from the cluster when first asked, and again after the schema has changed. Errors: as execute().
    std::shared_ptr<const SchemaMetadata> schema() const;
    // Waits until all nodes that are up agree on one schema. Errors: timeout.
    void wait_for_schema_agreement(std::chrono::milliseconds within) const;
    // What a traced request did; the cluster writes that after the answer, so that this waits up to `within` for it.
    // Errors: timeout when it is not there by then.
    QueryTrace trace(const Uuid& tracing_id, std::chrono::milliseconds within = std::chrono::seconds(5)) const;
    // Counts up to now. Waits for the driver's thread, not for the network.
    Metrics metrics() const;

    // Ends it for every copy: requests under way fail (closed). From the driver's thread it does not wait.
    void close() const;

    const std::shared_ptr<driver::SessionCore>& internal() const noexcept { return core_; }  // for this library

private:
    std::shared_ptr<driver::SessionCore> core_;
};

}  // namespace crossfade
