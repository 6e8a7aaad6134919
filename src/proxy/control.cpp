#include "proxy/control.hpp"

#include "base/log.hpp"
#include "nodes/schema.hpp"

namespace crossfade::proxy {
namespace {

constexpr std::chrono::milliseconds event_debounce{200};
constexpr std::chrono::seconds measure_every{60}, measure_again_soon{5};
constexpr std::int64_t worth_a_warning_us = 100000;

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

Control::Control(net::Loop& loop, const Options& options, WriteStamps& stamps, Callbacks callbacks)
    : loop_(loop), options_(options), stamps_(stamps), callbacks_(std::move(callbacks)) {
    for (std::size_t cluster = 0; cluster < 2; ++cluster) {
        read_timers_[cluster] = std::make_unique<net::Timer>(loop);
        clock_timers_[cluster] = std::make_unique<net::Timer>(loop);
        nodes::ControlOptions control;
        control.cluster = cluster == origin_cluster ? options.origin : options.target;
        control.application_name = "crossfade proxy";
        control.versions = {cql::ProtocolVersion::v5, cql::ProtocolVersion::v4, cql::ProtocolVersion::v3};
        nodes::ControlCallbacks callbacks_of;
        callbacks_of.on_topology = [this, cluster](std::shared_ptr<const nodes::Topology> topology) {
            clusters_[cluster].topology = std::move(topology);
            read_soon(cluster);
        };
        callbacks_of.on_event = [this, cluster](std::shared_ptr<const nodes::ClusterEvent> event) {
            if (event->event.kind == cql::Event::Kind::schema_change) read_soon(cluster);
            callbacks_.on_event(cluster, std::move(event));
        };
        callbacks_of.on_state = [this, cluster](bool is_connected, const base::Error& why) {
            problems_[cluster] = is_connected ? "" : why.message;
            if (is_connected)
                base::log_info("{}: connected", cluster_names[cluster]);
            else
                base::log_warning("{}: {}", cluster_names[cluster], why.message);
        };
        connections_[cluster] =
            std::make_unique<nodes::ControlConnection>(loop, std::move(control), std::move(callbacks_of));
    }
}

Control::~Control() {
    *alive_ = false;
}

void Control::start(std::function<void()> ready) {
    ready_ = std::move(ready);
    publish();  // what is offered while nothing is known yet
    for (std::size_t cluster = 0; cluster < 2; ++cluster) {
        connections_[cluster]->start();
        watch(cluster).detach();
    }
}

base::Task<void> Control::watch(std::size_t cluster) {
    const auto alive = alive_;
    const auto result = co_await connections_[cluster]->first_round();
    if (!*alive) co_return;
    if (!result) {
        problems_[cluster] = result.error().message;
        first_is_over(cluster);
    }
}

void Control::read_soon(std::size_t cluster) {
    read_after(cluster, clusters_[cluster].was_seen ? event_debounce : std::chrono::milliseconds(0));
}

void Control::read_after(std::size_t cluster, std::chrono::milliseconds wait) {
    read_timers_[cluster]->start(wait, [this, cluster] {
        if (is_reading_[cluster]) {
            reads_again_[cluster] = true;
            return;
        }
        is_reading_[cluster] = true;
        read_cluster(cluster).detach();
    });
}

base::Task<void> Control::read_cluster(std::size_t cluster) {
    const auto alive = alive_;
    nodes::ControlConnection& connection = *connections_[cluster];
    ClusterFacts facts = clusters_[cluster];
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
        const std::string& configured =
            cluster == origin_cluster ? options_.origin.local_datacenter : options_.target.local_datacenter;
        facts.local_datacenter = configured.empty() ? facts.topology->local_datacenter : configured;
        facts.was_seen = true;
        facts.last_error.clear();
        const nodes::Ask ask = [&connection](std::string text) { return connection.query(std::move(text)); };
        auto schema = co_await nodes::read_schema(ask, {});
        if (!*alive) co_return;
        if (schema) {
            for (const std::string& warning : schema->warnings)
                base::log_warning("{}: {}", cluster_names[cluster], warning);
            facts.schema = std::make_shared<nodes::Schema>(std::move(*schema));
        } else {
            // Lists and counters are then told by text alone; nothing stops for it.
            base::log_warning("{}: the schema cannot be read ({}); what it would tell is assumed",
                              cluster_names[cluster], schema.error().message);
            facts.schema = nullptr;
        }
        clusters_[cluster] = std::move(facts);
        publish();
        // Nothing is stamped before it is known how the clocks stand: the first round is over with the first
        // measurement.
        if (!std::exchange(is_measured_[cluster], true)) measure(cluster).detach();
    } else {
        clusters_[cluster].last_error = local.error().message;
        reads_again_[cluster] = true;
    }
    is_reading_[cluster] = false;
    if (std::exchange(reads_again_[cluster], false)) read_after(cluster, event_debounce);
}

base::Task<void> Control::measure(std::size_t cluster) {
    const auto alive = alive_;
    const auto reading = co_await connections_[cluster]->measure_clock();
    if (!*alive) co_return;
    if (reading) {
        stamps_.set_measured(static_cast<int>(cluster), reading->offset_us, reading->error_us);
        clusters_[cluster].clock_offset_us = reading->offset_us;
        clusters_[cluster].clock_error_us = reading->error_us;
        clusters_[cluster].clock_is_measured = true;
        const std::int64_t beyond_error = std::abs(reading->offset_us) - reading->error_us;
        if (beyond_error >= worth_a_warning_us)
            base::log_warning("{}: its clock differs from this machine's by {} ms (± {} ms)", cluster_names[cluster],
                              reading->offset_us / 1000, reading->error_us / 1000);
        publish();
    }
    first_is_over(cluster);
    clock_timers_[cluster]->start(reading ? measure_every : measure_again_soon,
                                  [this, cluster] { measure(cluster).detach(); });
}

void Control::publish() {
    auto facts = std::make_shared<Facts>();
    facts->clusters = clusters_;
    facts->versions = common_versions(clusters_);
    facts->login_cluster = login_cluster(options_);
    const nodes::Credentials& others =
        facts->login_cluster == origin_cluster ? options_.target.credentials : options_.origin.credentials;
    facts->other_uses_client_credentials = others.empty();
    facts_ = std::move(facts);
    callbacks_.on_facts(facts_);
}

void Control::first_is_over(std::size_t cluster) {
    if (std::exchange(is_first_over_[cluster], true)) return;
    if (is_first_over_[0] && is_first_over_[1] && ready_) std::exchange(ready_, nullptr)();
}

}  // namespace crossfade::proxy
