#include "driver/session.hpp"

#include <algorithm>
#include <utility>

#include "base/log.hpp"
#include "driver/dispatcher.hpp"
#include "driver/frame_edit.hpp"
#include "driver/pause.hpp"
#include "driver/prepared_cache.hpp"
#include "driver/request.hpp"

namespace crossfade::driver {
namespace {

// A node may forget a statement again before the request comes back to it: with many under way, often. One that never
// keeps it is given up.
constexpr int most_prepares_of_a_request = 100;
constexpr std::chrono::milliseconds agreement_every{200};

std::vector<cql::ProtocolVersion> versions_of(const SessionOptions& options) {
    if (options.version) return {*options.version};
    return {cql::ProtocolVersion::v5, cql::ProtocolVersion::v4, cql::ProtocolVersion::v3};
}

std::string joined(const std::vector<std::string>& names) {
    std::string text;
    for (const std::string& name : names) text += (text.empty() ? "'" : ", '") + name + "'";
    return text;
}

// The partition key that is bound in `values`, as it is hashed; nothing when a part of it is not there.
std::optional<cql::Token> token_of(const Prepared& statement, const std::vector<cql::ValueView>& values) {
    if (statement.key_indices.empty()) return std::nullopt;
    std::vector<base::ByteView> parts;
    for (const std::uint16_t index : statement.key_indices) {
        if (index >= values.size() || values[index].state != cql::ValueView::State::bytes) return std::nullopt;
        parts.push_back(values[index].bytes);
    }
    if (parts.size() == 1) return cql::token_of(parts.front());
    base::Bytes key;
    if (!cql::append_partition_key(key, parts)) return std::nullopt;
    return cql::token_of(key);
}

}  // namespace

class Session::Implementation : public std::enable_shared_from_this<Implementation> {
public:
    Implementation(net::Loop& in, SessionOptions with)
        : loop(in), options(std::move(with)), dispatcher(std::make_shared<Dispatcher>(in, options.cluster.label)) {}

    void start_control();
    void start_pool(std::function<void()> settled);
    void close();

    // What `given` says, the session's where it says nothing. `routing_keyspace` is where the token counts.
    RequestOptions request_options(const ExecuteOptions& given, const std::string& routing_keyspace,
                                   std::optional<cql::Token> token);
    cql::QueryOptions query_options(const ExecuteOptions& given) const;
    // Through the control connection.
    base::Task<base::Result<Rows>> ask(std::string text);
    base::Error closed() const {
        return base::Error(base::ErrorKind::interrupted, options.cluster.label + ": the session is closed");
    }
    static base::Task<void> read_replication(std::shared_ptr<Implementation> self);

    net::Loop& loop;
    const SessionOptions options;
    const std::shared_ptr<Dispatcher> dispatcher;
    std::unique_ptr<nodes::ControlConnection> control;
    std::shared_ptr<PreparedCache> prepared;
    std::shared_ptr<const nodes::Topology> topology;
    cql::ProtocolVersion version = cql::ProtocolVersion::v4;
    std::function<void(std::shared_ptr<const nodes::ClusterEvent>)> on_event;
    std::function<void(std::shared_ptr<const nodes::Topology>)> on_topology;
    bool is_closed = false;
};

void Session::Implementation::start_control() {
    nodes::ControlOptions with;
    with.cluster = options.cluster;
    with.versions = versions_of(options);
    with.application_name = options.application_name;
    with.request_timeout = options.request_timeout;
    nodes::ControlCallbacks call;
    call.on_topology = [this](std::shared_ptr<const nodes::Topology> known) {
        topology = known;
        dispatcher->set_topology(known);
        const auto tell = on_topology;
        if (tell) tell(std::move(known));
    };
    call.on_event = [this](std::shared_ptr<const nodes::ClusterEvent> event) {
        const bool is_keyspace =
            event->event.kind == cql::Event::Kind::schema_change && event->event.schema.target == "KEYSPACE";
        if (is_keyspace) read_replication(shared_from_this()).detach();
        // A copy: it may close the session, and with it itself.
        const auto tell = on_event;
        if (tell) tell(std::move(event));
    };
    call.on_state = [this](bool is_connected, const base::Error&) {
        if (is_connected) read_replication(shared_from_this()).detach();
    };
    control = std::make_unique<nodes::ControlConnection>(loop, std::move(with), std::move(call));
    control->start();
}

void Session::Implementation::start_pool(std::function<void()> settled) {
    version = control->version();
    prepared = std::make_shared<PreparedCache>(dispatcher, version, options.request_timeout);
    PoolOptions pool;
    pool.cluster = options.cluster;
    pool.version = version;
    pool.compression = options.compression;
    pool.connections_per_node = options.connections_per_node;
    pool.application_name = options.application_name;
    pool.keyspace = options.keyspace;
    pool.request_timeout = options.request_timeout;
    pool.local_rack = options.local_rack;
    pool.first_backoff = options.first_backoff;
    pool.longest_backoff = options.longest_backoff;
    dispatcher->start(std::move(pool), std::move(settled));
}

base::Task<base::Result<Rows>> Session::Implementation::ask(std::string text) {
    const auto self = shared_from_this();
    if (is_closed) co_return base::fail(closed());
    co_return co_await control->query(std::move(text));
}

// Only routing is lost when this cannot be read: owners of tokens are guessed then.
base::Task<void> Session::Implementation::read_replication(std::shared_ptr<Implementation> self) {
    base::Result<Rows> rows = co_await self->ask("SELECT * FROM system_schema.keyspaces");
    if (self->is_closed) co_return;
    if (!rows) {
        base::log_warning("{}: keyspaces cannot be read, requests go round robin: {}", self->options.cluster.label,
                          rows.error().message);
        co_return;
    }
    nodes::SchemaRows schema_rows;
    schema_rows.keyspaces = std::move(*rows);
    std::map<std::string, std::map<std::string, std::string>> replication;
    for (auto& [name, keyspace] : nodes::build_schema(schema_rows).keyspaces)
        replication.emplace(name, keyspace.replication);
    self->dispatcher->set_replication(std::move(replication));
}

void Session::Implementation::close() {
    if (std::exchange(is_closed, true)) return;
    on_event = nullptr;
    on_topology = nullptr;
    dispatcher->close(closed());
    control.reset();
}

RequestOptions Session::Implementation::request_options(const ExecuteOptions& given,
                                                        const std::string& routing_keyspace,
                                                        std::optional<cql::Token> token) {
    RequestOptions request;
    request.is_idempotent = given.idempotent;
    request.timeout = given.timeout.value_or(options.request_timeout);
    request.deadline = loop.now() + request.timeout;
    if (token && !routing_keyspace.empty()) request.replicas = dispatcher->replicas(routing_keyspace, *token);
    return request;
}

cql::QueryOptions Session::Implementation::query_options(const ExecuteOptions& given) const {
    cql::QueryOptions query;
    query.consistency = given.consistency.value_or(options.consistency);
    query.serial_consistency = given.serial_consistency;
    query.page_size = given.page_size;
    query.paging_state = given.paging_state;
    query.timestamp = given.timestamp;
    query.now_in_seconds = given.now_in_seconds;
    return query;
}

Session::Session(std::shared_ptr<Implementation> implementation) : implementation_(std::move(implementation)) {}

Session::~Session() {
    close();
}

void Session::close() {
    const auto self = implementation_;
    self->close();
}

base::Task<base::Result<std::shared_ptr<Session>>> Session::connect(net::Loop& loop, SessionOptions options,
                                                                    std::stop_token stop) {
    const auto self = std::make_shared<Implementation>(loop, std::move(options));
    // Closes it on every way out but the last.
    std::shared_ptr<Session> session(new Session(self));
    if (stop.stop_requested()) co_return base::fail(self->closed());
    // Closing tells whoever waits below, so that the coroutine may have ended, and this with it, when it returns.
    const std::function<void()> end = [self] {
        const auto kept = self;
        kept->close();
    };
    const std::stop_callback ends(stop, end);
    self->start_control();
    const base::Result<void> known = co_await self->control->first_round();
    if (!known) co_return base::fail(known.error());
    const auto topology = self->control->topology();
    const bool is_told = !self->options.cluster.local_datacenter.empty() || self->options.cluster.metadata_service;
    if (self->options.must_know_datacenter && !is_told && topology->datacenters().size() > 1)
        co_return base::fail(base::ErrorKind::bad_configuration,
                             self->options.cluster.label + ": the cluster has several data centres: " +
                                 joined(topology->datacenters()) + "; say which one is near with local_datacenter()");
    const bool has_local = std::any_of(topology->nodes.begin(), topology->nodes.end(), [&](const nodes::Node& node) {
        return node.datacenter == topology->local_datacenter;
    });
    if (!has_local)
        co_return base::fail(base::ErrorKind::bad_configuration,
                             self->options.cluster.label + ".local_datacenter: there is no data centre '" +
                                 topology->local_datacenter + "'; the cluster has " + joined(topology->datacenters()));
    const std::function<void(std::function<void(bool)>)> start = [self](std::function<void(bool)> done) {
        self->start_pool([done] { done(true); });
    };
    base::Completion<bool> settled(start);
    co_await settled;
    if (self->is_closed) co_return base::fail(self->closed());
    if (self->dispatcher->pool()->open_connections() == 0) co_return base::fail(self->dispatcher->pool()->last_error());
    co_return session;
}

base::Task<base::Result<Rows>> Session::query(std::string text, std::vector<std::optional<base::Bytes>> values,
                                              ExecuteOptions options) {
    const auto self = implementation_;
    cql::QueryOptions query = self->query_options(options);
    for (const auto& value : values)
        query.values.push_back(value ? cql::ValueView{cql::ValueView::State::bytes, *value} : cql::ValueView());
    AwaitedRequest request(self->dispatcher);
    cql::append_query(request.frame(), self->version, 0, text, query);
    request.begin(self->request_options(options, options.routing_keyspace, options.routing_token));
    co_return co_await request;
}

base::Task<base::Result<PreparedPtr>> Session::prepare(std::string text) {
    const auto self = implementation_;
    co_return co_await self->prepared->prepare(std::move(text));
}

base::Task<base::Result<Rows>> Session::execute(PreparedPtr statement, std::vector<cql::ValueView> values,
                                                ExecuteOptions options) {
    const auto self = implementation_;
    AwaitedRequest request(self->dispatcher);
    std::optional<cql::Token> token = options.routing_token;
    if (!token && self->dispatcher->has_choice()) token = token_of(*statement, values);
    cql::QueryOptions query = self->query_options(options);
    query.values = std::move(values);
    const auto& columns = PreparedCache::columns(*statement);
    // Before v5 nothing tells when the columns have changed, so that each answer must describe its own.
    query.skip_metadata = columns != nullptr && cql::has_result_metadata_id(self->version);
    cql::append_execute(request.frame(), self->version, 0, PreparedCache::id(*statement),
                        PreparedCache::result_metadata_id(*statement), query);
    RequestOptions with = self->request_options(options, statement->keyspace, token);
    with.known_columns = columns;
    request.begin(std::move(with));
    base::Result<Rows> rows = co_await request;
    for (int i = 0; i < most_prepares_of_a_request && !rows && !request.unprepared_id().empty(); ++i) {
        const base::Bytes forgotten = request.unprepared_id();
        const NodeId node = request.answered_by();
        const base::Result<void> prepared = co_await self->prepared->prepare_again(node, statement, request.deadline());
        if (!prepared) co_return base::fail(prepared.error());
        replace_prepared_id(request.frame(), self->version, forgotten, PreparedCache::id(*statement),
                            PreparedCache::result_metadata_id(*statement));
        request.begin_again(node, PreparedCache::columns(*statement));
        rows = co_await request;
    }
    if (rows && !rows->new_metadata_id().empty()) PreparedCache::columns_changed(*statement, *rows);
    co_return rows;
}

base::Task<base::Result<Rows>> Session::batch(cql::BatchType type, std::vector<BatchStatement> statements,
                                              ExecuteOptions options) {
    const auto self = implementation_;
    AwaitedRequest request(self->dispatcher);
    std::optional<cql::Token> token = options.routing_token;
    std::string keyspace = options.routing_keyspace;
    std::vector<cql::BatchItem> items;
    items.reserve(statements.size());
    // What the frame says; somebody else may have the statement prepared under another id meanwhile.
    std::vector<base::Bytes> ids_in_frame(statements.size());
    for (BatchStatement& one : statements) {
        cql::BatchItem item;
        if (one.prepared != nullptr) {
            if (!token && self->dispatcher->has_choice()) token = token_of(*one.prepared, one.values);
            if (keyspace.empty()) keyspace = one.prepared->keyspace;
            item.prepared_id = PreparedCache::id(*one.prepared);
            ids_in_frame[items.size()].assign(item.prepared_id.begin(), item.prepared_id.end());
        } else {
            item.text = one.text;
        }
        item.values = std::move(one.values);
        items.push_back(std::move(item));
    }
    cql::append_batch(request.frame(), self->version, 0, type, items, self->query_options(options));
    items.clear();
    request.begin(self->request_options(options, keyspace, token));
    base::Result<Rows> rows = co_await request;
    const std::size_t most = statements.size() * static_cast<std::size_t>(most_prepares_of_a_request);
    for (std::size_t i = 0; i < most && !rows && !request.unprepared_id().empty(); ++i) {
        const base::Bytes forgotten = request.unprepared_id();
        const auto found = std::find(ids_in_frame.begin(), ids_in_frame.end(), forgotten);
        if (found == ids_in_frame.end()) break;
        const PreparedPtr statement = statements[static_cast<std::size_t>(found - ids_in_frame.begin())].prepared;
        const NodeId node = request.answered_by();
        const base::Result<void> prepared = co_await self->prepared->prepare_again(node, statement, request.deadline());
        if (!prepared) co_return base::fail(prepared.error());
        const auto now = PreparedCache::id(*statement);
        replace_prepared_id(request.frame(), self->version, forgotten, now, {});
        for (base::Bytes& id : ids_in_frame)
            if (id == forgotten) id.assign(now.begin(), now.end());
        request.begin_again(node, nullptr);
        rows = co_await request;
    }
    co_return rows;
}

base::Task<base::Result<Rows>> Session::raw(cql::Opcode opcode, base::Bytes body, ExecuteOptions options) {
    const auto self = implementation_;
    AwaitedRequest request(self->dispatcher);
    const auto write_body = [&](cql::Writer& out) { out.raw(body); };
    cql::append_frame(request.frame(), static_cast<std::uint8_t>(self->version), false, 0, 0, opcode, write_body);
    request.begin(self->request_options(options, options.routing_keyspace, options.routing_token));
    co_return co_await request;
}

base::Task<base::Result<nodes::Schema>> Session::schema(std::vector<std::string> keyspaces) {
    const auto self = implementation_;
    const nodes::Ask ask = [self](std::string text) { return self->ask(std::move(text)); };
    co_return co_await nodes::read_schema(ask, std::move(keyspaces));
}

base::Task<base::Result<void>> Session::schema_agreement(std::chrono::milliseconds within) {
    const auto self = implementation_;
    const auto until = self->loop.now() + within;
    while (!self->is_closed) {
        const base::Result<void> read = co_await self->control->refresh();
        if (self->is_closed) break;
        if (read && self->control->topology()->is_schema_agreed()) co_return base::Result<void>();
        if (self->loop.now() >= until)
            co_return base::fail(base::ErrorKind::timeout, self->options.cluster.label +
                                                               ": the nodes do not agree on the schema within " +
                                                               std::to_string(within.count()) + " ms" +
                                                               (read ? "" : ": " + read.error().message));
        Pause pause(self->loop, agreement_every);
        co_await pause;
    }
    co_return base::fail(self->closed());
}

base::Task<base::Result<nodes::ClockReading>> Session::measure_clock() {
    const auto self = implementation_;
    if (self->is_closed) co_return base::fail(self->closed());
    co_return co_await self->control->measure_clock();
}

std::shared_ptr<const nodes::Topology> Session::topology() const {
    return implementation_->topology;
}
cql::ProtocolVersion Session::version() const {
    return implementation_->version;
}
const SessionOptions& Session::options() const {
    return implementation_->options;
}

SessionStatistics Session::statistics() const {
    const Dispatcher& from = *implementation_->dispatcher;
    SessionStatistics statistics;
    statistics.requests = from.requests();
    statistics.retries = from.retries();
    statistics.timeouts = from.timeouts();
    statistics.reprepares = implementation_->prepared->prepared_again();
    statistics.open_connections = from.pool()->open_connections();
    statistics.waiting = from.waiting();
    statistics.in_flight = from.unfinished() - from.waiting();
    return statistics;
}

void Session::on_topology(std::function<void(std::shared_ptr<const nodes::Topology>)> call) {
    implementation_->on_topology = std::move(call);
}

const std::shared_ptr<Dispatcher>& Session::dispatcher() const {
    return implementation_->dispatcher;
}
const std::shared_ptr<PreparedCache>& Session::prepared_cache() const {
    return implementation_->prepared;
}

void Session::on_event(std::function<void(std::shared_ptr<const nodes::ClusterEvent>)> call) {
    implementation_->on_event = std::move(call);
}

}  // namespace crossfade::driver
