#include "driver/api/session_core.hpp"

#include <algorithm>
#include <functional>
#include <utility>

#include "base/clock.hpp"
#include "cql/statement.hpp"
#include "driver/api/error_of.hpp"
#include "driver/api/node_info.hpp"
#include "driver/api/wire_values.hpp"

namespace crossfade::driver {
namespace {

constexpr std::size_t most_spare = 4096;
constexpr std::chrono::milliseconds sweep_every{1000};

bool may_be_use(std::string_view text) {
    const std::size_t at = text.find_first_not_of(" \t\r\n;");
    if (at == std::string_view::npos) return false;
    const char first = text[at];
    return (first == 'u' || first == 'U' || first == '-' || first == '/') && cql::classify(text).verb == cql::Verb::use;
}

void add(SessionStatistics& to, const SessionStatistics& more) {
    to.requests += more.requests;
    to.retries += more.retries;
    to.timeouts += more.timeouts;
    to.reprepares += more.reprepares;
    to.open_connections += more.open_connections;
    to.in_flight += more.in_flight;
    to.waiting += more.waiting;
}

}  // namespace

void SessionCore::open(std::shared_ptr<LoopLease> lease, std::shared_ptr<const SessionSetup> setup,
                       std::string keyspace, std::stop_token stop, Callback<std::shared_ptr<SessionCore>> done) {
    connect(std::move(lease), std::move(setup), std::move(keyspace), std::move(stop), std::move(done)).detach();
}

base::Task<void> SessionCore::connect(std::shared_ptr<LoopLease> lease, std::shared_ptr<const SessionSetup> setup,
                                      std::string keyspace, std::stop_token stop,
                                      Callback<std::shared_ptr<SessionCore>> done) {
    base::Result<Arrival> arrival =
        co_await connect_to_first(lease->thread->loop(), setup, std::move(keyspace), std::move(stop));
    if (!arrival) {
        done(error_of(arrival.error()));
        co_return;
    }
    // It ends on the loop's thread, where everything of it lives.
    const auto end = [](SessionCore* core) {
        const auto kept = core->lease_;
        kept->thread->call([core] { delete core; });
    };
    std::shared_ptr<SessionCore> core(new SessionCore(std::move(lease), setup, std::move(arrival->session)), end);
    core->failover_ = std::make_unique<Failover>(*core, std::move(setup), arrival->place);
    core->listen();
    done(std::move(core));
}

SessionCore::SessionCore(std::shared_ptr<LoopLease> lease, std::shared_ptr<const SessionSetup> setup,
                         std::shared_ptr<Session> session)
    : lease_(std::move(lease)),
      setup_(std::move(setup)),
      version_(session->version()),
      home_(std::make_shared<const Home>(session)),
      sweep_(lease_->thread->loop()),
      topology_(session->topology()) {}

SessionCore::~SessionCore() {
    shut();
}

void SessionCore::listen() {
    // Raw: all are let go of when the session is closed or left, and that is before this ends.
    home_->dispatcher->on_empty([this] { failover_->lost(); });
    home_->session->on_topology(
        [this](std::shared_ptr<const nodes::Topology> next) { take_topology(std::move(next)); });
    home_->session->on_event([this](std::shared_ptr<const nodes::ClusterEvent> event) {
        if (event->event.kind != cql::Event::Kind::schema_change) return;
        schema_changed();
        const auto& change = event->event.schema;
        if (setup_->cluster.listener != nullptr)
            setup_->cluster.listener->on_schema_change(
                SchemaChange{std::string(change.change), std::string(change.target), std::string(change.keyspace),
                             std::string(change.name)});
    });
    take_topology(home_->session->topology());
    // The listener may have closed it.
    if (failover_ != nullptr && !is_connected()) failover_->lost();
}

void SessionCore::move_to(std::shared_ptr<Session> next) {
    const auto before = std::exchange(home_, std::make_shared<const Home>(std::move(next)));
    before->session->on_event(nullptr);
    before->session->on_topology(nullptr);
    before->dispatcher->on_empty(nullptr);
    ++moves_;
    schema_changed();
    {
        // What they have is of the home that was left.
        const std::lock_guard lock(mutex_);
        for (const auto& execution : spare_) execution->leave_for(home_);
    }
    left_.push_back(before);
    listen();
    close_homes_without_requests();
}

// Without a connection nothing is under way there but what waits: it begins again at the new home.
void SessionCore::close_homes_without_requests() {
    const auto kept = weak_from_this().lock();
    const auto is_needed = [](const std::shared_ptr<const Home>& home) {
        return home->dispatcher->unfinished() > 0 && home->dispatcher->pool()->open_connections() > 0;
    };
    const auto first_needed = std::partition(left_.begin(), left_.end(), std::not_fn(is_needed));
    const std::vector<std::shared_ptr<const Home>> done_with(left_.begin(), first_needed);
    left_.erase(left_.begin(), first_needed);
    for (const auto& home : done_with) {
        SessionStatistics counted = home->session->statistics();
        counted.open_connections = counted.in_flight = counted.waiting = 0;
        add(of_closed_, counted);
        home->session->close();
    }
    if (!left_.empty()) sweep_.start(sweep_every, [this] { close_homes_without_requests(); });
}

void SessionCore::take_topology(std::shared_ptr<const nodes::Topology> topology) {
    std::shared_ptr<const nodes::Topology> before = topology;
    {
        const std::lock_guard lock(mutex_);
        std::swap(before, topology_);
    }
    if (setup_->cluster.listener != nullptr && before != nullptr)
        tell_changes(*before, *topology, *setup_->cluster.listener);
}

std::shared_ptr<const nodes::Topology> SessionCore::topology() const {
    const std::lock_guard lock(mutex_);
    return topology_;
}

Execution* SessionCore::take_execution() {
    std::unique_ptr<Execution> execution;
    {
        const std::lock_guard lock(mutex_);
        if (!spare_.empty()) {
            execution = std::move(spare_.back());
            spare_.pop_back();
        }
    }
    if (execution == nullptr) execution = std::make_unique<Execution>();
    execution->session_ = shared_from_this();
    return execution.release();
}

void SessionCore::give_back(Execution& execution) {
    const auto self = std::move(execution.session_);
    const std::lock_guard lock(mutex_);
    spare_.emplace_back(&execution);
}

// On the loop's thread, so that past the limit it may be destroyed here.
void SessionCore::recycle(Execution& execution) {
    const auto self = std::move(execution.session_);
    execution.leave_for(home_);
    execution.command.prepared.reset();
    execution.error_.reset();
    execution.forget_others();
    execution.running_ = execution.preparing_ = execution.prepares_ = 0;
    execution.is_over_ = false;
    std::unique_ptr<Execution> owned(&execution);
    const std::lock_guard lock(mutex_);
    if (spare_.size() < most_spare) spare_.push_back(std::move(owned));
}

void SessionCore::submit(Execution& execution) {
    if (thread()->is_current()) {
        execution.start();
        return;
    }
    bool is_first = false, is_too_late = false;
    {
        const std::lock_guard lock(mutex_);
        is_too_late = is_closed_;
        if (!is_too_late) {
            is_first = submitted_first_ == nullptr;
            execution.next_ = nullptr;
            (is_first ? submitted_first_ : submitted_last_->next_) = &execution;
            submitted_last_ = &execution;  // from here on it is the loop's
        }
    }
    if (is_too_late) {
        // The loop may have ended: the caller is told here.
        execution.error_.emplace(base::ErrorKind::interrupted, "the session is closed");
        execution.tell();
        return;
    }
    // Raw: what was submitted keeps this alive.
    if (is_first) loop().post([this] { start_submitted(); });
}

void SessionCore::start_submitted() {
    Execution* one = nullptr;
    {
        const std::lock_guard lock(mutex_);
        one = std::exchange(submitted_first_, nullptr);
        submitted_last_ = nullptr;
    }
    const auto self = one == nullptr ? nullptr : one->session_;
    while (one != nullptr) {
        Execution* const next = one->next_;
        one->start();
        one = next;
    }
}

void SessionCore::close() {
    thread()->call([this] { shut(); });
}

void SessionCore::shut() {
    {
        const std::lock_guard lock(mutex_);
        if (std::exchange(is_closed_, true)) return;
    }
    failover_.reset();
    home_->session->on_event(nullptr);
    home_->session->on_topology(nullptr);
    sweep_.cancel();
    for (const auto& home : std::exchange(left_, {})) home->session->close();
    home_->session->close();
    start_submitted();
}

base::Result<void> SessionCore::check(const Command& command) const {
    if (!command.statement.profile.empty() && profile_of(command) == nullptr)
        return base::fail(base::ErrorKind::bad_configuration,
                          "there is no execution profile '" + command.statement.profile + "'");
    if (command.kind == Command::Kind::query && may_be_use(command.text))
        return base::fail(base::ErrorKind::bad_configuration,
                          "USE would change one connection of many: connect to the keyspace, or name it in the "
                          "statement");
    return {};
}

const RequestSettings* SessionCore::profile_of(const Command& command) const {
    if (command.statement.profile.empty()) return nullptr;
    const auto found = setup_->cluster.profiles.find(command.statement.profile);
    return found == setup_->cluster.profiles.end() ? nullptr : &found->second.request_settings();
}

std::shared_ptr<const RetryPolicy> SessionCore::retry_policy(const Command& command) const {
    if (command.settings.retry_policy != nullptr) return command.settings.retry_policy;
    const RequestSettings* const profile = profile_of(command);
    if (profile != nullptr && profile->retry_policy != nullptr) return profile->retry_policy;
    return setup_->requests.retry_policy;
}

base::Result<void> SessionCore::append(base::Bytes& frame, const Command& command) {
    CommandOptions options;
    options.consistency = wire_value(*setting(command, &RequestSettings::consistency));
    const auto serial = setting(command, &RequestSettings::serial_consistency);
    if (serial) options.serial_consistency = wire_value(*serial);
    const auto page_size = setting(command, &RequestSettings::page_size);
    if (page_size && *page_size > 0) options.page_size = page_size;
    options.timestamp = command.statement.timestamp;
    if (!options.timestamp && setup_->cluster.has_client_timestamps) options.timestamp = next_timestamp();
    return append_command(frame, version_, command, options, scratch_);
}

std::int64_t SessionCore::next_timestamp() {
    last_timestamp_ = std::max(base::system_clock().wall_microseconds(), last_timestamp_ + 1);
    return last_timestamp_;
}

std::span<const std::uint32_t> SessionCore::replicas(const Command& command) {
    const auto of = [&](const Prepared& statement, const BoundValues& values) -> std::span<const std::uint32_t> {
        const auto token = token_of(statement, values, key_scratch_);
        if (!token || statement.keyspace.empty()) return {};
        return home_->dispatcher->replicas(statement.keyspace, *token);
    };
    if (command.kind == Command::Kind::execute) return of(*command.prepared, command.values);
    for (const Batch::Child& child : command.children) {
        if (child.prepared == nullptr) continue;
        const auto found = of(*child.prepared, child.values);
        if (!found.empty()) return found;
    }
    return {};
}

void SessionCore::count(bool has_failed, std::chrono::steady_clock::time_point began) {
    if (has_failed) {
        ++errors_;
        return;
    }
    const auto took = std::chrono::duration_cast<std::chrono::microseconds>(loop().now() - began).count();
    latency_.record(static_cast<std::uint64_t>(std::max<std::int64_t>(took, 0)));
}

Metrics SessionCore::metrics() const {
    SessionStatistics internal = home_->session->statistics();
    for (const auto& home : left_) add(internal, home->session->statistics());
    add(internal, of_closed_);
    Metrics metrics;
    metrics.requests = internal.requests;
    metrics.errors = errors_;
    metrics.retries = internal.retries;
    metrics.speculative = speculative_;
    metrics.timeouts = internal.timeouts;
    metrics.reprepares = internal.reprepares;
    metrics.failovers = moves_;
    metrics.open_connections = internal.open_connections;
    metrics.in_flight = internal.in_flight;
    metrics.waiting = internal.waiting;
    const auto quantile = [&](double share) {
        return std::chrono::microseconds(static_cast<std::int64_t>(latency_.quantile(share)));
    };
    metrics.latency_count = latency_.count();
    metrics.latency_p50 = quantile(0.5);
    metrics.latency_p95 = quantile(0.95);
    metrics.latency_p99 = quantile(0.99);
    metrics.latency_p999 = quantile(0.999);
    metrics.latency_max = std::chrono::microseconds(static_cast<std::int64_t>(latency_.largest()));
    return metrics;
}

void SessionCore::prepare(std::string text, std::string keyspace, Callback<PreparedStatement> done) {
    {
        const std::lock_guard lock(mutex_);
        if (!is_closed_) {
            loop().post([self = shared_from_this(), text = std::move(text), keyspace = std::move(keyspace),
                         done = std::move(done)]() mutable {
                run_prepare(std::move(self), std::move(text), std::move(keyspace), std::move(done)).detach();
            });
            return;
        }
    }
    done(Error(ErrorCode::closed, "the session is closed"));
}

base::Task<void> SessionCore::run_prepare(std::shared_ptr<SessionCore> self, std::string text, std::string keyspace,
                                          Callback<PreparedStatement> done) {
    if (!keyspace.empty() && !cql::has_request_keyspace(self->version_)) {
        done(Error(ErrorCode::bad_configuration, "protocol v" + std::string(cql::name_of(self->version_)) +
                                                     " has no keyspace of a request: name it in the statement"));
        co_return;
    }
    std::shared_ptr<const Home> home;
    base::Result<PreparedPtr> prepared = base::fail(base::ErrorKind::internal, "");
    // Where the session has gone meanwhile it is prepared there.
    while (!prepared && home != self->home_) {
        home = self->home_;
        prepared = co_await home->prepared->prepare(text, keyspace);
    }
    if (prepared)
        done(PreparedStatement(*prepared));
    else
        done(error_of(prepared.error()));
}

std::shared_ptr<const SchemaMetadata> SessionCore::known_schema() {
    const std::lock_guard lock(mutex_);
    return schema_at_ == schema_changes_.load() ? schema_ : nullptr;
}

void SessionCore::keep_schema(std::shared_ptr<const SchemaMetadata> schema, std::uint64_t changes) {
    const std::lock_guard lock(mutex_);
    schema_ = std::move(schema);
    schema_at_ = changes;
}

}  // namespace crossfade::driver
