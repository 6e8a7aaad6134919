#include "nodes/control_connection.hpp"

#include <algorithm>
#include <stop_token>
#include <utility>

#include "base/clock.hpp"
#include "base/log.hpp"
#include "bundle/metadata_client.hpp"
#include "cql/request.hpp"
#include "nodes/database_id.hpp"
#include "nodes/exchange.hpp"
#include "nodes/open_connection.hpp"

namespace crossfade::nodes {
namespace {

constexpr std::chrono::milliseconds first_backoff{100};
constexpr std::chrono::milliseconds longest_backoff{5000};
// Events come before the tables tell what they announce.
constexpr std::chrono::milliseconds after_event{1000};
// The metadata service: while connected; and after a loss and between rounds that fail, long enough that a node which
// restarts is found again without it.
constexpr std::chrono::minutes ask_metadata_every{5};
constexpr std::chrono::seconds ask_metadata_after{5};

using Waiters = std::vector<std::function<void(base::Result<void>)>>;

void tell(Waiters& waiters, const base::Result<void>& result) {
    for (auto& waiter : std::exchange(waiters, {})) waiter(result);
}

bool equal(const net::Address& a, const net::Address& b) {
    return a.host == b.host && a.port == b.port;
}

void add_once(std::vector<Endpoint>& plan, const Endpoint& endpoint) {
    if (std::find(plan.begin(), plan.end(), endpoint) == plan.end()) plan.push_back(endpoint);
}

// A wrong password explains more than a refused connection.
bool tells_more(const base::Error& error, const base::Error& than) {
    const auto rank = [](base::ErrorKind kind) {
        switch (kind) {
            case base::ErrorKind::authentication:
                return 3;
            case base::ErrorKind::bad_configuration:
                return 3;
            case base::ErrorKind::protocol:
                return 2;
            case base::ErrorKind::server:
                return 2;
            default:
                return 1;
        }
    };
    return rank(error.kind) > rank(than.kind);
}

}  // namespace

class ControlConnection::Implementation final : public ConnectionOwner,
                                                public std::enable_shared_from_this<Implementation> {
public:
    Implementation(net::Loop& in, ControlOptions with, ControlCallbacks call)
        : loop(in),
          options(std::move(with)),
          callbacks(std::move(call)),
          version(options.versions.front()),
          retry(in),
          refresh(in),
          ask_again(in) {
        context.local_datacenter = options.cluster.local_datacenter;
    }

    void start() { begin_round(); }
    void stop();

    void on_room(Connection&) override {}
    void on_ended(Connection& ended, const base::Error& why) override;
    void on_event(Connection& from, const Answer& answer) override;

    net::Loop& loop;
    const ControlOptions options;
    ControlCallbacks callbacks;
    cql::ProtocolVersion version;
    std::map<std::string, std::vector<std::string>> supported;
    std::string authenticator;
    std::shared_ptr<Connection> connection;  // while it stands; used by others once is_connected
    std::shared_ptr<const Topology> topology;
    base::Error last_error{base::ErrorKind::unavailable, "not connected yet"};
    bool is_connected = false, is_stopped = false, is_first_round_over = false;
    Waiters first_round_waiters, connected_waiters;

    base::Task<base::Result<Rows>> ask(std::shared_ptr<Connection> on, std::string text);
    static base::Task<base::Result<void>> read_nodes(std::shared_ptr<Implementation> self,
                                                     std::shared_ptr<Connection> on);
    base::Error not_connected() const {
        return base::Error(base::ErrorKind::unavailable,
                           options.cluster.label + " is not connected: " + last_error.message);
    }

private:
    void refresh_in(std::chrono::milliseconds after);
    void begin_round();
    void plan_round();
    void attempt();
    void opened(base::Result<OpenedConnection> result);
    void failed(const base::Error& why);
    void round_failed();
    static base::Task<void> take_over(std::shared_ptr<Implementation> self, std::shared_ptr<Connection> fresh);
    static base::Task<void> run_refresh(std::shared_ptr<Implementation> self, std::shared_ptr<Connection> on);
    static base::Task<void> ask_metadata(std::shared_ptr<Implementation> self, bool is_before_a_round);
    void ask_metadata_later();
    void take_metadata(bundle::Metadata metadata);
    base::Result<void> take_topology(const Rows& local, const Rows& peers);
    void mark(const cql::Event& event);
    void publish(Topology next);

    std::vector<Endpoint> contact_points() const;

    std::optional<bundle::Metadata> metadata_;
    net::Loop::Clock::time_point ask_metadata_from_{};  // a round that begins later asks first
    bool is_asking_metadata_ = false;
    std::stop_source stop_asking_;
    std::vector<Endpoint> plan_;
    std::size_t next_ = 0;
    base::Error round_error_;
    std::chrono::milliseconds backoff_ = first_backoff;
    std::unique_ptr<PendingOpen> pending_;
    Endpoint asked_;
    TopologyContext context;
    bool has_peers_v2_ = true;
    bool is_refreshing_ = false;
    net::Timer retry, refresh, ask_again;
};

void ControlConnection::Implementation::stop() {
    is_stopped = true;
    is_connected = false;  // before those who wait are told: they may ask again at once
    retry.cancel();
    refresh.cancel();
    ask_again.cancel();
    pending_.reset();
    stop_asking_.request_stop();
    const base::Error why(base::ErrorKind::interrupted, options.cluster.label + ": stopped");
    last_error = why;
    if (const auto open = std::exchange(connection, nullptr)) open->close(why);
    tell(first_round_waiters, base::fail(why));
    tell(connected_waiters, base::fail(why));
}

void ControlConnection::Implementation::begin_round() {
    const bool asks =
        options.cluster.metadata_service && !is_asking_metadata_ && (!metadata_ || loop.now() >= ask_metadata_from_);
    if (asks)
        ask_metadata(shared_from_this(), true).detach();
    else
        plan_round();
}

void ControlConnection::Implementation::plan_round() {
    plan_.clear();
    next_ = 0;
    round_error_ = base::Error(base::ErrorKind::connection, options.cluster.label + ": there is no contact point");
    if (topology != nullptr) {
        for (const bool wants_local : {true, false})
            for (const Node& node : topology->nodes)
                if ((node.datacenter == topology->local_datacenter) == wants_local) add_once(plan_, node.endpoint());
    }
    for (const Endpoint& endpoint : contact_points()) add_once(plan_, endpoint);
    attempt();
}

std::vector<Endpoint> ControlConnection::Implementation::contact_points() const {
    std::vector<Endpoint> points;
    if (metadata_) {
        for (const std::string& host_id : metadata_->contact_points)
            points.push_back(Endpoint{metadata_->sni_proxy, host_id});
    } else {
        for (const net::Address& address : options.cluster.contact_points) points.push_back(Endpoint{address});
    }
    return points;
}

base::Task<void> ControlConnection::Implementation::ask_metadata(std::shared_ptr<Implementation> self,
                                                                 bool is_before_a_round) {
    self->is_asking_metadata_ = true;
    const std::stop_token stop = self->stop_asking_.get_token();
    auto metadata =
        co_await bundle::fetch_metadata(self->loop, *self->options.cluster.metadata_service, self->options.cluster.tls,
                                        self->options.cluster.metadata_timeout, stop);
    self->is_asking_metadata_ = false;
    if (self->is_stopped) co_return;
    self->ask_metadata_from_ = self->loop.now() + ask_metadata_after;
    if (metadata) {
        self->take_metadata(std::move(*metadata));
        if (self->is_stopped) co_return;  // by whom take_metadata() told
    }
    if (self->is_connected) self->ask_metadata_later();
    if (!is_before_a_round) co_return;
    // What it said before may still be right.
    if (metadata || self->metadata_) {
        self->plan_round();
    } else {
        self->round_error_ = metadata.error();
        self->round_failed();
    }
}

void ControlConnection::Implementation::ask_metadata_later() {
    if (!options.cluster.metadata_service) return;
    ask_again.start(ask_metadata_every, [this] {
        if (!is_asking_metadata_) ask_metadata(shared_from_this(), false).detach();
    });
}

void ControlConnection::Implementation::take_metadata(bundle::Metadata metadata) {
    if (metadata_ == metadata) return;
    base::log_info("{}: the metadata service names {} nodes behind {}, datacenter {}", options.cluster.label,
                   metadata.contact_points.size(), net::to_text(metadata.sni_proxy), metadata.local_datacenter);
    metadata_ = std::move(metadata);
    context.sni_proxy = metadata_->sni_proxy;
    if (options.cluster.local_datacenter.empty()) context.local_datacenter = metadata_->local_datacenter;
    if (topology == nullptr) return;
    Topology next = *topology;
    next.local_datacenter = context.local_datacenter;
    for (Node& node : next.nodes) node.address = metadata_->sni_proxy;
    publish(std::move(next));
}

void ControlConnection::Implementation::attempt() {
    if (is_stopped) return;
    if (next_ == plan_.size()) {
        round_failed();
        return;
    }
    asked_ = plan_[next_++];
    OpenOptions open;
    aim_at(asked_, open.to, open.connect);
    open.connect.timeout = options.cluster.connect_timeout;
    open.connect.tls = options.cluster.tls;
    open.credentials = options.cluster.credentials;
    open.make_login = options.cluster.make_login;
    open.versions = options.versions;
    open.startup_options = {{"DRIVER_NAME", "Crossfade"}};
    if (!options.application_name.empty())
        open.startup_options.emplace_back("APPLICATION_NAME", options.application_name);
    open.startup_options.insert(open.startup_options.end(), options.cluster.startup_options.begin(),
                                options.cluster.startup_options.end());
    open.timeout = options.cluster.connect_timeout;
    pending_ = open_connection(loop, std::move(open),
                               [this](base::Result<OpenedConnection> result) { opened(std::move(result)); });
}

void ControlConnection::Implementation::opened(base::Result<OpenedConnection> result) {
    // Those who are told may destroy the control connection; so in on_ended() and round_failed().
    const auto self = shared_from_this();
    pending_.reset();
    if (!result) {
        failed(result.error());
        return;
    }
    connection = Connection::start(loop, *this, std::move(*result));
    has_peers_v2_ = true;
    take_over(shared_from_this(), connection).detach();
}

base::Task<void> ControlConnection::Implementation::take_over(std::shared_ptr<Implementation> self,
                                                              std::shared_ptr<Connection> fresh) {
    base::Bytes frame;
    cql::append_register(frame, fresh->version(), 0, {"TOPOLOGY_CHANGE", "STATUS_CHANGE", "SCHEMA_CHANGE"});
    Exchange registration(self->loop, fresh, frame, self->options.request_timeout);
    const base::Result<Rows> registered = co_await registration;
    if (self->is_stopped || fresh != self->connection) co_return;  // lost meanwhile: on_ended() goes on
    base::Result<void> known;
    if (!registered) {
        known = base::fail(registered.error());
    } else {
        self->context.up.clear();  // what was missed meanwhile is not known
        known = co_await read_nodes(self, fresh);
        if (self->is_stopped || fresh != self->connection) co_return;
    }
    if (!known) {
        self->connection->close(known.error());
        self->connection.reset();
        self->failed(known.error());
        co_return;
    }
    self->version = fresh->version();
    self->supported = fresh->supported();
    self->authenticator = fresh->authenticator();
    self->is_connected = self->is_first_round_over = true;
    self->backoff_ = first_backoff;
    base::log_info("{}: connected to {} ({}, Cassandra {}, protocol v{})", self->options.cluster.label, fresh->peer(),
                   self->topology->cluster_name, self->topology->release_version, cql::name_of(self->version));
    self->refresh_in(self->options.refresh_every);
    self->ask_metadata_later();
    if (self->callbacks.on_state) self->callbacks.on_state(true, base::Error());
    tell(self->first_round_waiters, {});
    tell(self->connected_waiters, {});
}

base::Task<base::Result<Rows>> ControlConnection::Implementation::ask(std::shared_ptr<Connection> on,
                                                                      std::string text) {
    cql::QueryOptions query;
    query.consistency = cql::Consistency::one;
    base::Bytes frame;
    cql::append_query(frame, on->version(), 0, text, query);
    Exchange exchange(loop, on, frame, options.request_timeout);
    co_return co_await exchange;
}

base::Task<base::Result<void>> ControlConnection::Implementation::read_nodes(std::shared_ptr<Implementation> self,
                                                                             std::shared_ptr<Connection> on) {
    const base::Result<Rows> local = co_await self->ask(on, "SELECT * FROM system.local");
    if (!local) co_return base::fail(local.error());
    base::Result<Rows> peers;
    if (self->has_peers_v2_) {
        peers = co_await self->ask(on, "SELECT * FROM system.peers_v2");
        // Before Cassandra 4.0, and with DSE, there is only system.peers.
        if (!peers && peers.error().server_code == static_cast<std::int32_t>(cql::ErrorCode::invalid))
            self->has_peers_v2_ = false;
    }
    if (!self->has_peers_v2_) peers = co_await self->ask(on, "SELECT * FROM system.peers");
    if (!peers) co_return base::fail(peers.error());
    if (self->is_stopped || on != self->connection)
        co_return base::fail(base::ErrorKind::connection, on->peer() + ": lost");
    co_return self->take_topology(*local, *peers);
}

base::Result<void> ControlConnection::Implementation::take_topology(const Rows& local, const Rows& peers) {
    context.asked = asked_.address;
    auto next = read_topology(context, local, peers);
    if (!next) return base::fail(next.error());
    if (options.cluster.metadata_service)
        next->cluster_name = name_with_database(next->cluster_name, options.cluster.metadata_service->host);
    // An address may have gone to another cluster meanwhile: mixing the two would write to the wrong one.
    if (topology != nullptr && topology->cluster_name != next->cluster_name)
        return base::fail(base::ErrorKind::bad_configuration, to_text(asked_) + " belongs to the cluster '" +
                                                                  next->cluster_name + "', not to '" +
                                                                  topology->cluster_name + "'");
    publish(std::move(*next));
    return {};
}

void ControlConnection::Implementation::publish(Topology next) {
    if (topology != nullptr && *topology == next) return;
    topology = std::make_shared<const Topology>(std::move(next));
    if (callbacks.on_topology) callbacks.on_topology(topology);
}

void ControlConnection::Implementation::failed(const base::Error& why) {
    if (is_stopped) return;
    last_error = why;
    if (next_ <= 1 || tells_more(why, round_error_)) round_error_ = why;
    attempt();
}

void ControlConnection::Implementation::round_failed() {
    const auto self = shared_from_this();
    last_error = round_error_;
    // The first of a row of failures; the others say nothing new.
    if (backoff_ == first_backoff) base::log_warning("{}: {}; trying again", options.cluster.label, last_error.message);
    if (!is_first_round_over && callbacks.on_state) callbacks.on_state(false, last_error);
    is_first_round_over = true;
    retry.start(backoff_, [this] { begin_round(); });
    backoff_ = std::min(backoff_ * 2, longest_backoff);
    tell(first_round_waiters, base::fail(last_error));
}

void ControlConnection::Implementation::on_ended(Connection& ended, const base::Error& why) {
    if (&ended != connection.get()) return;
    const auto self = shared_from_this();
    connection.reset();
    refresh.cancel();
    ask_again.cancel();
    ask_metadata_from_ = loop.now() + ask_metadata_after;
    const bool was_connected = std::exchange(is_connected, false);
    if (!was_connected) {
        failed(why);
        return;
    }
    last_error = why;
    base::log_warning("{}: the control connection is lost: {}", options.cluster.label, why.message);
    if (callbacks.on_state) callbacks.on_state(false, why);
    if (!is_stopped) begin_round();
}

void ControlConnection::Implementation::on_event(Connection& from, const Answer& answer) {
    if (&from != connection.get()) return;
    const auto self = shared_from_this();
    const auto owned = std::make_shared<ClusterEvent>(answer.message);
    auto event = cql::parse_event(owned->body);
    if (!event) {
        base::log_warning("{}: an event that cannot be read: {}", from.peer(), event.error().message);
        return;
    }
    owned->event = std::move(*event);
    if (callbacks.on_event) callbacks.on_event(owned);
    if (!is_stopped && owned->event.kind != cql::Event::Kind::schema_change) mark(owned->event);
}

void ControlConnection::Implementation::mark(const cql::Event& event) {
    if (event.kind == cql::Event::Kind::status_change) {
        const net::Address reported{event.address, static_cast<std::uint16_t>(event.port)};
        const bool is_up = event.change == "UP";
        context.up.insert_or_assign(net::to_text(reported), is_up);
        if (topology != nullptr) {
            Topology next = *topology;
            for (Node& node : next.nodes) {
                const auto alias = context.aliases.find(node.host_id);
                const net::Address& told = alias != context.aliases.end() ? alias->second.reported : node.address;
                if (equal(told, reported)) node.is_up = is_up;
            }
            publish(std::move(next));
        }
    }
    refresh_in(after_event);
}

void ControlConnection::Implementation::refresh_in(std::chrono::milliseconds after) {
    if (!is_connected) return;
    refresh.start(after, [this] {
        refresh_in(options.refresh_every);
        if (!is_refreshing_) run_refresh(shared_from_this(), connection).detach();
    });
}

base::Task<void> ControlConnection::Implementation::run_refresh(std::shared_ptr<Implementation> self,
                                                                std::shared_ptr<Connection> on) {
    self->is_refreshing_ = true;
    const base::Result<void> known = co_await read_nodes(self, on);
    self->is_refreshing_ = false;
    if (known || self->is_stopped || on != self->connection) co_return;
    base::log_warning("{}: the nodes could not be read: {}", self->options.cluster.label, known.error().message);
    // A node that answers no more is left for another; one that only refused this is kept.
    if (known.error().kind == base::ErrorKind::server) co_return;
    on->close(known.error());
    self->on_ended(*on, known.error());
}

ControlConnection::ControlConnection(net::Loop& loop, ControlOptions options, ControlCallbacks callbacks)
    : implementation_(std::make_shared<Implementation>(loop, std::move(options), std::move(callbacks))) {}

ControlConnection::~ControlConnection() {
    implementation_->stop();
}

void ControlConnection::start() {
    implementation_->start();
}

base::Task<base::Result<void>> ControlConnection::first_round() {
    const auto self = implementation_;
    if (self->is_connected || self->topology != nullptr) co_return base::Result<void>();
    if (self->is_stopped || self->is_first_round_over) co_return base::fail(self->last_error);
    const std::function<void(std::function<void(base::Result<void>)>)> wait =
        [self](std::function<void(base::Result<void>)> done) { self->first_round_waiters.push_back(std::move(done)); };
    base::Completion<base::Result<void>> completion(wait);
    co_return co_await completion;
}

base::Task<base::Result<void>> ControlConnection::connected() {
    const auto self = implementation_;
    if (self->is_connected) co_return base::Result<void>();
    if (self->is_stopped) co_return base::fail(self->last_error);
    const std::function<void(std::function<void(base::Result<void>)>)> wait =
        [self](std::function<void(base::Result<void>)> done) { self->connected_waiters.push_back(std::move(done)); };
    base::Completion<base::Result<void>> completion(wait);
    co_return co_await completion;
}

base::Task<base::Result<Rows>> ControlConnection::query(std::string text) {
    const auto self = implementation_;
    if (!self->is_connected) co_return base::fail(self->not_connected());
    co_return co_await self->ask(self->connection, std::move(text));
}

base::Task<base::Result<ClockReading>> ControlConnection::measure_clock() {
    const auto self = implementation_;
    const base::Clock& clock = base::system_clock();
    std::optional<ClockReading> best;
    for (int i = 0; i < 3; ++i) {
        if (!self->is_connected) co_return base::fail(self->not_connected());
        const std::int64_t asked = clock.wall_microseconds();
        const base::Result<Rows> rows = co_await self->ask(self->connection, "SELECT now() FROM system.local");
        const std::int64_t answered = clock.wall_microseconds();
        if (!rows) co_return base::fail(rows.error());
        const RowCursor row = rows->first();
        if (!row || rows->column_count() != 1 || row.cell(0).bytes.size() != 16)
            co_return base::fail(base::ErrorKind::protocol, self->options.cluster.label + ": now() gave no timeuuid");
        const ClockReading reading = clock_reading(asked, answered, microseconds_of_timeuuid(row.cell(0).bytes));
        // Our own clock may have stepped in between: such a reading is none.
        if (answered >= asked && (!best || reading.error_us < best->error_us)) best = reading;
    }
    if (!best) co_return base::fail(base::ErrorKind::internal, "this machine's clock steps back");
    co_return *best;
}

base::Task<base::Result<void>> ControlConnection::refresh() {
    const auto self = implementation_;
    if (!self->is_connected) co_return base::fail(self->not_connected());
    co_return co_await Implementation::read_nodes(self, self->connection);
}

bool ControlConnection::is_connected() const {
    return implementation_->is_connected;
}
const base::Error& ControlConnection::last_error() const {
    return implementation_->last_error;
}
std::shared_ptr<const Topology> ControlConnection::topology() const {
    return implementation_->topology;
}
cql::ProtocolVersion ControlConnection::version() const {
    return implementation_->version;
}
const std::map<std::string, std::vector<std::string>>& ControlConnection::supported() const {
    return implementation_->supported;
}
const std::string& ControlConnection::authenticator() const {
    return implementation_->authenticator;
}
const ControlOptions& ControlConnection::options() const {
    return implementation_->options;
}

}  // namespace crossfade::nodes
