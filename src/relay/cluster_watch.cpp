#include "relay/cluster_watch.hpp"

#include "base/log.hpp"

namespace crossfade::relay {
namespace {

constexpr std::chrono::milliseconds event_debounce{200};

SystemTable owned(const nodes::Rows& rows) {
    SystemTable table;
    for (const cql::ColumnSpec& column : rows.columns())
        table.columns.push_back(
            {std::string(column.keyspace), std::string(column.table), std::string(column.name), column.type});
    for (nodes::RowCursor row = rows.first(); row; row.next()) {
        auto& cells = table.rows.emplace_back();
        for (const cql::ValueView& cell : row.cells())
            cells.push_back(cell.state == cql::ValueView::State::bytes
                                ? std::optional<base::Bytes>(base::Bytes(cell.bytes.begin(), cell.bytes.end()))
                                : std::nullopt);
    }
    return table;
}

}  // namespace

ClusterWatch::ClusterWatch(net::Loop& loop, ClusterWatchOptions options, Callbacks callbacks)
    : options_(std::move(options)), callbacks_(std::move(callbacks)), read_timer_(loop) {
    nodes::ControlCallbacks control;
    control.on_topology = [this](const std::shared_ptr<const nodes::Topology>&) { read_soon(); };
    control.on_event = [this](std::shared_ptr<const nodes::ClusterEvent> event) {
        if (event->event.kind == cql::Event::Kind::schema_change) read_soon();
        if (callbacks_.on_event) callbacks_.on_event(std::move(event));
    };
    control.on_state = [this](bool is_connected, const base::Error& why) {
        if (is_connected)
            base::log_info("{}: connected", label());
        else
            base::log_warning("{}: {}", label(), why.message);
        if (callbacks_.on_state) callbacks_.on_state(is_connected, why);
    };
    connection_ = std::make_unique<nodes::ControlConnection>(loop, options_.control, std::move(control));
}

ClusterWatch::~ClusterWatch() {
    *alive_ = false;
}

void ClusterWatch::start() {
    connection_->start();
    watch_first_round().detach();
}

base::Task<void> ClusterWatch::watch_first_round() {
    const auto alive = alive_;
    const auto result = co_await connection_->first_round();
    if (!*alive) co_return;
    if (callbacks_.on_first_round) callbacks_.on_first_round(result);
}

void ClusterWatch::read_soon() {
    read_after(facts_.was_seen ? event_debounce : std::chrono::milliseconds(0));
}

void ClusterWatch::read_after(std::chrono::milliseconds wait) {
    read_timer_.start(wait, [this] {
        if (is_reading_) {
            reads_again_ = true;
            return;
        }
        is_reading_ = true;
        read().detach();
    });
}

base::Task<void> ClusterWatch::read() {
    const auto alive = alive_;
    nodes::ControlConnection& connection = *connection_;
    ClusterFacts facts;
    const auto local = co_await connection.query("SELECT * FROM system.local");
    if (!*alive) co_return;
    const auto peers = co_await connection.query("SELECT * FROM system.peers");
    if (!*alive) co_return;
    const auto peers_v2 = co_await connection.query("SELECT * FROM system.peers_v2");
    if (!*alive) co_return;
    if (local) {
        facts.local = owned(*local);
        facts.peers = peers ? owned(*peers) : SystemTable();
        facts.peers_v2 = peers_v2 ? owned(*peers_v2) : SystemTable();
        facts.highest_version = connection.version();
        facts.authenticator = connection.authenticator();
        facts.supported = connection.supported();
        facts.topology = connection.topology();
        const std::string& configured = options_.control.cluster.local_datacenter;
        facts.local_datacenter = configured.empty() ? facts.topology->local_datacenter : configured;
        facts.was_seen = true;
        if (options_.reads_schema) {
            const nodes::Ask ask = [&connection](std::string text) { return connection.query(std::move(text)); };
            auto schema = co_await nodes::read_schema(ask, {});
            if (!*alive) co_return;
            if (schema) {
                for (const std::string& warning : schema->warnings) base::log_warning("{}: {}", label(), warning);
                facts.schema = std::make_shared<nodes::Schema>(std::move(*schema));
            } else {
                // Lists and counters are then told by text alone; nothing stops for it.
                base::log_warning("{}: the schema cannot be read ({}); what it would tell is assumed", label(),
                                  schema.error().message);
            }
        }
        facts_ = std::move(facts);
        if (callbacks_.on_facts) callbacks_.on_facts(facts_);
    } else {
        facts_.last_error = local.error().message;
        reads_again_ = true;
    }
    is_reading_ = false;
    if (std::exchange(reads_again_, false)) read_after(event_debounce);
}

}  // namespace crossfade::relay
