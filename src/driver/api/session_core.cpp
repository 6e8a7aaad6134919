#include "driver/api/session_core.hpp"

#include <algorithm>
#include <utility>

#include "base/clock.hpp"
#include "cql/statement.hpp"
#include "driver/api/error_of.hpp"
#include "driver/api/node_info.hpp"

namespace crossfade::driver {
namespace {

constexpr std::size_t most_spare = 4096;

bool may_be_use(std::string_view text) {
    const std::size_t at = text.find_first_not_of(" \t\r\n;");
    if (at == std::string_view::npos) return false;
    const char first = text[at];
    return (first == 'u' || first == 'U' || first == '-' || first == '/') && cql::classify(text).verb == cql::Verb::use;
}

// To the first region that lets it in. What the first one said is told when none does; a login that is refused there
// would be refused everywhere.
base::Task<base::Result<std::shared_ptr<Session>>> connect_to_a_region(net::Loop& loop,
                                                                       std::vector<BundleRegion> regions,
                                                                       SessionOptions options) {
    std::optional<base::Error> first_error;
    for (const BundleRegion& region : regions) {
        SessionOptions there = options;
        there.cluster.metadata_service = region.metadata_service;
        there.cluster.tls = region.tls;
        there.cluster.metadata_timeout = options.cluster.connect_timeout;
        auto session = co_await Session::connect(loop, std::move(there));
        if (session) co_return session;
        base::Error error = std::move(session.error());
        error.message = region.path + ": " + error.message;
        if (!first_error || error.kind == base::ErrorKind::authentication) first_error = error;
        if (error.kind == base::ErrorKind::authentication) break;
    }
    co_return base::fail(std::move(*first_error));
}

}  // namespace

void SessionCore::open(std::shared_ptr<LoopLease> lease, std::shared_ptr<const SessionSetup> setup,
                       std::string keyspace, Callback<std::shared_ptr<SessionCore>> done) {
    connect(std::move(lease), std::move(setup), std::move(keyspace), std::move(done)).detach();
}

base::Task<void> SessionCore::connect(std::shared_ptr<LoopLease> lease, std::shared_ptr<const SessionSetup> setup,
                                      std::string keyspace, Callback<std::shared_ptr<SessionCore>> done) {
    SessionOptions options = setup->session;
    options.keyspace = std::move(keyspace);
    base::Result<std::shared_ptr<Session>> session = base::fail(base::ErrorKind::internal, "no region was tried");
    if (setup->regions.empty()) {
        session = co_await Session::connect(lease->thread->loop(), std::move(options));
    } else {
        session = co_await connect_to_a_region(lease->thread->loop(), setup->regions, std::move(options));
    }
    if (!session) {
        done(error_of(session.error()));
        co_return;
    }
    // It ends on the loop's thread, where everything of it lives.
    const auto end = [](SessionCore* core) {
        const auto kept = core->lease_;
        kept->thread->call([core] { delete core; });
    };
    std::shared_ptr<SessionCore> core(new SessionCore(std::move(lease), std::move(setup), std::move(*session)), end);
    core->listen();
    done(std::move(core));
}

SessionCore::SessionCore(std::shared_ptr<LoopLease> lease, std::shared_ptr<const SessionSetup> setup,
                         std::shared_ptr<Session> session)
    : lease_(std::move(lease)),
      setup_(std::move(setup)),
      session_(std::move(session)),
      dispatcher_(session_->dispatcher()),
      prepared_(session_->prepared_cache()),
      version_(session_->version()),
      topology_(session_->topology()) {}

SessionCore::~SessionCore() {
    shut();
}

void SessionCore::listen() {
    // Raw: both are let go of when the session is closed, and that is before this ends.
    session_->on_topology([this](std::shared_ptr<const nodes::Topology> next) { take_topology(std::move(next)); });
    session_->on_event([this](std::shared_ptr<const nodes::ClusterEvent> event) {
        if (event->event.kind != cql::Event::Kind::schema_change) return;
        schema_changed();
        const auto& change = event->event.schema;
        if (setup_->cluster.listener != nullptr)
            setup_->cluster.listener->on_schema_change(
                SchemaChange{std::string(change.change), std::string(change.target), std::string(change.keyspace),
                             std::string(change.name)});
    });
    take_topology(session_->topology());
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
    bool is_first = false;
    {
        const std::lock_guard lock(mutex_);
        if (!is_closed_) {
            is_first = submitted_first_ == nullptr;
            execution.next_ = nullptr;
            (is_first ? submitted_first_ : submitted_last_->next_) = &execution;
            submitted_last_ = &execution;
        } else {
            execution.error_.emplace(base::ErrorKind::interrupted, "the session is closed");
        }
    }
    if (execution.error_) {
        // The loop may have ended: the caller is told here.
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
    session_->on_event(nullptr);
    session_->on_topology(nullptr);
    session_->close();
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
    options.consistency = static_cast<cql::Consistency>(*setting(command, &RequestSettings::consistency));
    const auto serial = setting(command, &RequestSettings::serial_consistency);
    if (serial) options.serial_consistency = static_cast<cql::Consistency>(*serial);
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
        return dispatcher_->replicas(statement.keyspace, *token);
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
    const SessionStatistics internal = session_->statistics();
    Metrics metrics;
    metrics.requests = internal.requests;
    metrics.errors = errors_;
    metrics.retries = internal.retries;
    metrics.speculative = speculative_;
    metrics.timeouts = internal.timeouts;
    metrics.reprepares = internal.reprepares;
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
    const base::Result<PreparedPtr> prepared = co_await self->prepared_->prepare(std::move(text), std::move(keyspace));
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
