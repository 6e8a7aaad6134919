#include "migrate/job.hpp"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <filesystem>
#include <functional>

#include "driver/pause.hpp"
#include "migrate/preflight.hpp"
#include "nodes/cell_values.hpp"
#include "nodes/cluster_pair.hpp"

namespace crossfade::migrate {
namespace {

// How fast a copy is at least taken to be, for how long it may take.
constexpr double slow_bytes_per_second = 5e6;
constexpr std::int64_t day_us = 86400000000;
constexpr std::chrono::milliseconds tick_every{200};
// A node that is started again between two tables is back by then, mostly.
constexpr std::chrono::seconds patience{60};
constexpr std::chrono::milliseconds pause_between_tries{1000};

int exit_of(const base::Error& error) {
    switch (error.kind) {
        case base::ErrorKind::bad_input:
        case base::ErrorKind::bad_configuration:
        case base::ErrorKind::authentication:
            return exit_bad_input;
        default:
            return exit_partial;
    }
}

base::Error of_side(const char* side, base::Error error) {
    error.message = std::string(side) + ": " + error.message;
    return error;
}

driver::SessionOptions session_options(const nodes::ClusterOptions& cluster, const RunOptions& options,
                                       const std::string& command) {
    driver::SessionOptions session;
    session.cluster = cluster;
    session.consistency = options.consistency;
    session.application_name = "crossfade " + command;
    session.connections_per_node = 2;
    return session;
}

std::vector<std::string> keyspaces_of(const std::vector<cql::TableName>& tables) {
    std::vector<std::string> names;
    for (const cql::TableName& table : tables)
        if (std::find(names.begin(), names.end(), table.keyspace) == names.end()) names.push_back(table.keyspace);
    return names;
}

base::Bytes text_value(const std::string& text) {
    return {text.begin(), text.end()};
}

}  // namespace

Job::Job(net::Loop& loop, std::string command, RunOptions options, std::ostream& out, std::ostream& error)
    : loop_(loop),
      command_(std::move(command)),
      options_(std::move(options)),
      out_(out),
      error_(error),
      begun_(clock_.now()),
      window_(loop, AdaptiveLimit::Bounds{32, 2, options_.most_in_flight}),
      surroundings_(loop, window_, clock_),
      progress_(out, options_.is_terminal, clock_),
      ticking_(loop) {
    surroundings_.should_stop = options_.should_stop;
    surroundings_.on_rows = [this](std::uint64_t rows) { progress_.add_rows(rows); };
}

double Job::seconds() const {
    return std::chrono::duration<double>(clock_.now() - begun_).count();
}

void Job::say(const std::string& line) {
    progress_.clear();
    out_ << line << std::endl;
}

void Job::complain(const std::string& line) {
    progress_.clear();
    out_.flush();
    error_ << line << std::endl;
}

std::string Job::command_line(const std::string& command, const std::string& more, const cql::TableName& table) const {
    return "crossfade " + command + (options_.flags.empty() ? "" : " " + options_.flags) +
           (more.empty() ? "" : " " + more) + " '" + cql::to_cql(table) + "'";
}

base::Task<base::Result<void>> Job::connect() {
    auto connecting_origin = driver::Session::connect(loop_, session_options(options_.origin, options_, command_));
    auto connecting_target = driver::Session::connect(loop_, session_options(options_.target, options_, command_));
    auto origin = co_await connecting_origin;
    auto target = co_await connecting_target;
    if (origin) origin_ = *origin;
    if (target) target_ = *target;
    if (!origin) co_return base::fail(of_side("origin", std::move(origin.error())));
    if (!target) co_return base::fail(of_side("target", std::move(target.error())));
    for (const auto& [side, session] : {std::pair("origin", origin_), std::pair("target", target_)}) {
        const auto topology = session->topology();
        if (topology->ring.empty())
            co_return base::fail(
                base::ErrorKind::bad_input,
                fmt::format("{}: its partitioner is {}; only Murmur3Partitioner can be copied by ranges", side,
                            topology->partitioner.empty() ? "not known" : topology->partitioner));
    }
    auto measured = co_await origin_->measure_clock();
    if (!measured) co_return base::fail(of_side("origin", std::move(measured.error())));
    clock_.set(*measured);
    co_return base::Result<void>();
}

base::Task<base::Result<void>> Job::read_schemas() {
    const std::vector<std::string> keyspaces = keyspaces_of(options_.tables);
    auto origin = co_await origin_->schema(keyspaces);
    if (!origin) co_return base::fail(of_side("origin", std::move(origin.error())));
    auto target = co_await target_->schema(keyspaces);
    if (!target) co_return base::fail(of_side("target", std::move(target.error())));
    origin_schema_ = std::move(*origin);
    target_schema_ = std::move(*target);
    co_return base::Result<void>();
}

base::Task<std::optional<int>> Job::create_missing_tables(std::vector<cql::TableName> names) {
    const auto topology = target_->topology();
    std::vector<std::string> datacenters{topology->local_datacenter};
    for (const std::string& one : topology->datacenters())
        if (one != topology->local_datacenter) datacenters.push_back(one);
    const auto nodes = static_cast<std::size_t>(
        std::count_if(topology->nodes.begin(), topology->nodes.end(),
                      [&](const nodes::Node& node) { return node.datacenter == topology->local_datacenter; }));
    const Creation creation = create_missing(names, origin_schema_, target_schema_, datacenters, nodes);
    if (creation.statements.empty()) co_return std::nullopt;
    bool creates = options_.creates_schema;
    if (!creates && options_.ask && command_ == "migrate") {
        std::string question;
        for (const std::string& statement : creation.statements) question += statement + "\n";
        for (const std::string& note : creation.notes) question += note + "\n";
        creates = options_.ask(question + "Create this on the target?");
    }
    if (!creates) {
        for (const cql::TableName& name : names) {
            if (target_schema_.find_table(name.keyspace, name.table) != nullptr) continue;
            complain(fmt::format("{}: the target has no such table; create it with: {}", cql::to_cql(name),
                                 command_line("migrate", "--create-schema", name)));
        }
        co_return exit_bad_input;
    }
    for (const std::string& note : creation.notes) say(note);
    for (const std::string& statement : creation.statements) {
        auto created = co_await target_->query(statement);
        if (!created) {
            complain(fmt::format("target: {} (while executing: {})", created.error().message, statement));
            co_return exit_partial;
        }
    }
    auto agreed = co_await target_->schema_agreement(std::chrono::seconds(30));
    if (!agreed) {
        complain("target: " + agreed.error().message);
        co_return exit_partial;
    }
    for (const std::string& made : creation.missing) say("created " + made + " on the target");
    auto again = co_await target_->schema(keyspaces_of(options_.tables));
    if (!again) {
        complain("target: " + again.error().message);
        co_return exit_partial;
    }
    target_schema_ = std::move(*again);
    co_return std::nullopt;
}

std::optional<int> Job::compare_schemas(const std::vector<cql::TableName>& names) {
    bool has_problems = false;
    for (const cql::TableName& name : names) {
        const nodes::Table* const origin = origin_schema_.find_table(name.keyspace, name.table);
        const nodes::Table* const target = target_schema_.find_table(name.keyspace, name.table);
        if (origin == nullptr || target == nullptr) {
            complain(cql::to_cql(name) + ": the target's table could not be read");
            has_problems = true;
            continue;
        }
        TableFindings findings = compare_tables(*origin, *target);
        if (target->is_view)
            findings.problems.push_back(cql::to_cql(name) + ": it is a materialized view on the target");
        for (const std::string& note : findings.notes) say(note);
        for (const std::string& problem : findings.problems) complain(problem);
        has_problems = has_problems || !findings.problems.empty();
        tables_.push_back({*origin, *target, std::make_shared<const cells::Layout>(std::move(findings.layout))});
    }
    if (has_problems) return exit_bad_input;
    return std::nullopt;
}

base::Task<std::optional<int>> Job::select() {
    for (const auto* schema : {&origin_schema_, &target_schema_})
        for (const std::string& warning : schema->warnings) complain(warning);
    const Selection selection = select_tables(options_.tables, origin_schema_);
    for (const std::string& skipped : selection.skipped) say(skipped);
    for (const std::string& problem : selection.problems) complain(problem);
    if (!selection.problems.empty()) co_return exit_bad_input;
    auto created = co_await create_missing_tables(selection.tables);
    if (created) co_return created;
    co_return compare_schemas(selection.tables);
}

base::Result<void> Job::open_ledger() {
    const std::string origin = origin_->topology()->cluster_name, target = target_->topology()->cluster_name;
    folder_ = options_.state_dir + "/" + nodes::pair_folder(origin, target);
    auto ledger = Ledger::open(folder_);
    if (!ledger) return base::fail(std::move(ledger.error()));
    ledger_.emplace(std::move(*ledger));

    std::vector<std::string> patterns;
    for (const cql::TableName& table : options_.tables)
        patterns.push_back(table.table == "*" ? cql::quoted(table.keyspace) + ".*" : cql::to_cql(table));
    std::sort(patterns.begin(), patterns.end());
    std::string name;
    for (const std::string& pattern : patterns) name += pattern + " ";
    // What makes it another run although the tables are the same.
    if (options_.default_timestamp != 1) name += fmt::format("default timestamp {} ", options_.default_timestamp);
    if (!options_.writes_row_markers) name += "without row markers ";
    if (options_.repair)
        name += fmt::format("repair{}{}{} ", options_.repair->missing ? " missing" : "",
                            options_.repair->different ? " different" : "", options_.repair->extra ? " extra" : "");
    auto lock = FolderLock::take(fmt::format("{}/{}-{:016x}.lock", folder_, command_, std::hash<std::string>()(name)));
    if (!lock) return base::fail(base::ErrorKind::bad_configuration, std::move(lock.error().message));
    locks_.push_back(std::move(*lock));
    if (auto locked = lock_tables(); !locked) return locked;
    auto run = ledger_->begin_run(command_, name, origin, target, clock_.wall_microseconds(), options_.restarts);
    if (!run) return base::fail(std::move(run.error()));
    run_ = *run;
    if (run_.is_resumed)
        say(fmt::format("going on with the run that began {} ago (--restart begins anew)",
                        duration_text(static_cast<double>(clock_.wall_microseconds() - run_.begun_us) / 1e6)));
    return {};
}

// Two runs that add what the target's counters lack, at the same time, add it twice; two that write other cells do no
// harm, but each tells of the other's rows. Runs that only look may be many.
base::Result<void> Job::lock_tables() {
    if (command_ != "migrate" && !options_.repair) return {};
    for (const Selected& table : tables_) {
        const std::string name = cql::to_cql(table.origin.full_name());
        auto lock = FolderLock::take(fmt::format("{}/table-{:016x}.lock", folder_, std::hash<std::string>()(name)));
        if (!lock)
            return base::fail(base::ErrorKind::bad_configuration,
                              fmt::format("{}: {}; wait until it has ended", name, lock.error().message));
        locks_.push_back(std::move(*lock));
    }
    return {};
}

// All tables before the first is begun; begin() looks again, at how long the run has really taken.
base::Task<std::optional<int>> Job::check_gc_grace() {
    if (command_ != "migrate" || options_.allows_short_gc_grace) co_return std::nullopt;
    double seconds = 0;
    bool has_problems = false;
    for (const Selected& table : tables_) {
        auto estimated = co_await estimate(table.origin.full_name());
        if (!estimated) {
            complain(estimated.error().message);
            co_return exit_of(estimated.error());
        }
        if (*estimated) seconds += (*estimated)->bytes / slow_bytes_per_second;
        const auto problem = gc_grace_problem(table.target, seconds);
        if (problem) complain(*problem);
        has_problems = has_problems || problem;
    }
    if (has_problems) co_return exit_bad_input;
    co_return std::nullopt;
}

base::Task<std::optional<int>> Job::prepare() {
    if (options_.default_timestamp > clock_.wall_microseconds() - day_us) {
        complain(fmt::format(
            "--default-timestamp {}: cells with it would win over live writes; it must be older than a day, in "
            "microseconds since 1970",
            options_.default_timestamp));
        co_return exit_bad_input;
    }
    auto connected = co_await connect();
    if (connected) connected = co_await read_schemas();
    if (!connected) {
        complain(connected.error().message);
        co_return exit_of(connected.error());
    }
    auto selected = co_await select();
    if (selected) co_return selected;
    auto refused = co_await check_gc_grace();
    if (refused) co_return refused;
    auto opened = open_ledger();
    if (!opened) {
        complain(opened.error().message);
        co_return exit_of(opened.error());
    }
    tick();
    co_return std::nullopt;
}

void Job::tick() {
    progress_.tick();
    ticking_.start(tick_every, [this] { tick(); });
}

// Nothing where the cluster has no estimates: they only make the parts fit better.
base::Task<base::Result<std::optional<TableEstimate>>> Job::estimate(cql::TableName name) {
    std::vector<std::optional<base::Bytes>> names{text_value(name.keyspace), text_value(name.table)};
    driver::ExecuteOptions options;
    options.idempotent = true;
    options.consistency = cql::Consistency::one;
    auto rows = co_await origin_->query(
        "SELECT range_start, range_end, partitions_count, mean_partition_size FROM system.size_estimates WHERE "
        "keyspace_name = ? AND table_name = ?",
        std::move(names), options);
    std::vector<RangeEstimate> ranges;
    if (!rows) {
        if (rows.error().kind != base::ErrorKind::server) co_return base::fail(of_side("origin", rows.error()));
        co_return std::optional<TableEstimate>();
    }
    for (driver::RowCursor row = rows->first(); row; row.next()) {
        const nodes::NamedCells cells(*rows, row);
        RangeEstimate range;
        range.start = std::strtoll(std::string(cells.text("range_start")).c_str(), nullptr, 10);
        range.end = std::strtoll(std::string(cells.text("range_end")).c_str(), nullptr, 10);
        range.partitions = row.cell(2).bytes.size() == 8 ? cql::Reader(row.cell(2).bytes).long_number() : 0;
        range.mean_partition_bytes = row.cell(3).bytes.size() == 8 ? cql::Reader(row.cell(3).bytes).long_number() : 0;
        ranges.push_back(range);
    }
    co_return estimate_of(ranges);
}

base::Task<base::Result<TableMoment>> Job::look(bool at_origin, cql::TableName name) {
    auto moment = co_await look_at_table(at_origin ? origin_ : target_, std::move(name));
    if (!moment) co_return base::fail(of_side(at_origin ? "origin" : "target", std::move(moment.error())));
    co_return moment;
}

base::Task<bool> Job::waits_after(base::Error error, std::chrono::steady_clock::time_point until) {
    if (!cells::may_pass(error) || clock_.now() >= until) co_return false;
    if (options_.should_stop && options_.should_stop()) co_return false;
    driver::Pause wait(loop_, pause_between_tries);
    co_await wait;
    co_return true;
}

base::Task<TableOutcome> Job::begin(std::size_t number) {
    const auto until = clock_.now() + patience;
    for (;;) {
        TableOutcome outcome;
        outcome.name = tables_[number].origin.full_name();
        auto begun = co_await begin_once(number, outcome);
        if (begun) co_return outcome;
        outcome.failure = begun.error().message;
        const bool again = co_await waits_after(std::move(begun.error()), until);
        outcome.is_interrupted = options_.should_stop && options_.should_stop();
        if (!again || outcome.is_interrupted) co_return outcome;
    }
}

// What passes is an error; what does not, the outcome's failure or an error too.
base::Task<base::Result<void>> Job::begin_once(std::size_t number, TableOutcome& outcome) {
    const Selected& selected = tables_[number];
    const std::string name = cql::to_cql(outcome.name);
    const auto work = std::make_shared<TableWork>();
    work->name = outcome.name;
    work->origin_table = selected.origin;
    work->target_table = selected.target;
    auto origin = co_await cells::TableAccess::open(origin_, selected.layout, clock_);
    if (!origin) co_return base::fail(of_side("origin", std::move(origin.error())));
    auto target = co_await cells::TableAccess::open(target_, selected.layout, clock_);
    if (!target) co_return base::fail(of_side("target", std::move(target.error())));
    work->origin = *origin;
    work->target = *target;
    cells::PlanOptions plan;
    plan.default_timestamp = options_.default_timestamp;
    plan.writes_markers = options_.writes_row_markers;
    work->planner = std::make_shared<const cells::Planner>(selected.layout, plan);
    outcome.work = work;

    auto on_origin = co_await look(true, outcome.name);
    if (!on_origin) co_return base::fail(std::move(on_origin.error()));
    auto on_target = co_await look(false, outcome.name);
    if (!on_target) co_return base::fail(std::move(on_target.error()));
    if (!on_origin->exists || !on_target->exists) {
        outcome.failure = fmt::format("it was dropped on the {}", on_origin->exists ? "target" : "origin");
        co_return base::Result<void>();
    }
    auto known = ledger_->find_table(run_, outcome.name);
    if (!known) co_return base::fail(std::move(known.error()));
    if (known->id != 0) {
        std::string happened = what_happened(*on_origin, known->origin_id, known->origin_begun_ms);
        if (!happened.empty())
            happened += " on the origin";
        else if (happened = what_happened(*on_target, known->target_id, known->target_begun_ms); !happened.empty())
            happened += " on the target";
        if (happened.empty()) {
            ledger_table_ = std::move(*known);
            co_return base::Result<void>();
        }
        say(fmt::format("{} {} since this run began with it: it is begun anew", name, happened));
    }
    LedgerTable fresh;
    fresh.name = outcome.name;
    fresh.origin_id = on_origin->id;
    fresh.target_id = on_target->id;
    fresh.begun_us = clock_.wall_microseconds();
    fresh.origin_begun_ms = beginning_ms(*on_origin);
    fresh.target_begun_ms = beginning_ms(*on_target);
    auto estimated = co_await estimate(outcome.name);
    if (!estimated) co_return base::fail(std::move(estimated.error()));
    std::int64_t index = 0;
    for (const cql::TokenRange range : cut_ring(origin_->topology()->ring, *estimated)) {
        LedgerPart part;
        part.index = index++;
        part.range = range;
        fresh.parts.push_back(part);
    }
    if (!options_.allows_short_gc_grace && command_ == "migrate") {
        const double passed = static_cast<double>(fresh.begun_us - run_.begun_us) / 1e6;
        const double ahead = *estimated ? (*estimated)->bytes / slow_bytes_per_second : 0;
        if (const auto problem = gc_grace_problem(work->target_table, passed + ahead)) {
            outcome.failure = problem->substr(name.size() + 2);
            co_return base::Result<void>();
        }
    }
    auto begun = ledger_->begin_table(run_, std::move(fresh));
    if (!begun) co_return base::fail(std::move(begun.error()));
    ledger_table_ = std::move(*begun);
    co_return base::Result<void>();
}

base::Task<void> Job::work(TableOutcome& outcome,
                           std::function<base::Task<base::Result<PartCounts>>(cql::TokenRange)> part) {
    std::uint64_t done = 0;
    for (const LedgerPart& one : ledger_table_.parts) done += one.is_done ? 1 : 0;
    const std::string name = cql::to_cql(outcome.name);
    std::size_t number = 0;
    while (number < tables_.size() && !(tables_[number].origin.full_name() == outcome.name)) ++number;
    if (!ledger_table_.is_done) {
        if (done > 0) say(fmt::format("{}: {} of {} parts are done already", name, done, ledger_table_.parts.size()));
        progress_.begin_table(name, number + 1, tables_.size(), ledger_table_.parts.size(), done);
        PartsWork parts;
        parts.work = std::move(part);
        parts.should_stop = options_.should_stop;
        parts.record = [this](const LedgerPart& finished) {
            progress_.finish_part();
            return ledger_->finish_part(ledger_table_, finished);
        };
        auto ran = co_await run_parts(loop_, ledger_table_.parts, std::move(parts));
        progress_.clear();
        if (!ran) {
            outcome.failure = std::move(ran.error().message);
            co_return;
        }
        outcome.failures = std::move(ran->failures);
        outcome.is_interrupted = ran->is_interrupted;
    }
    for (const LedgerPart& one : ledger_table_.parts)
        if (one.is_done) outcome.counts += one.counts;
    if (outcome.is_interrupted) co_return;

    // Rows that were copied after a TRUNCATE, or before it, are neither there for certain nor gone for certain.
    for (const bool is_origin : {true, false}) {
        const auto until = clock_.now() + patience;
        auto moment = co_await look(is_origin, outcome.name);
        while (!moment) {
            const bool again = co_await waits_after(moment.error(), until);
            if (!again) {
                outcome.failure = std::move(moment.error().message);
                outcome.is_interrupted = options_.should_stop && options_.should_stop();
                co_return;
            }
            moment = co_await look(is_origin, outcome.name);
        }
        const std::string happened =
            what_happened(*moment, is_origin ? ledger_table_.origin_id : ledger_table_.target_id,
                          is_origin ? ledger_table_.origin_begun_ms : ledger_table_.target_begun_ms);
        if (!happened.empty() && outcome.happened.empty())
            outcome.happened = fmt::format("{} on the {}", happened, is_origin ? "origin" : "target");
    }
    base::Result<void> recorded;
    if (!outcome.happened.empty())
        recorded = ledger_->forget_table(ledger_table_);
    else if (outcome.failures.empty())
        recorded = ledger_->finish_table(ledger_table_);
    if (!recorded) outcome.failure = std::move(recorded.error().message);
}

int Job::end(int exit_code, bool is_interrupted) {
    if (is_interrupted) {
        complain("interrupted; the same command goes on where it was");
        return exit_interrupted;
    }
    const auto recorded = ledger_->end_run(run_, clock_.wall_microseconds(), exit_code);
    if (recorded) return exit_code;
    complain(recorded.error().message);
    return exit_partial;
}

void Job::close() {
    ticking_.cancel();
    progress_.clear();
    if (origin_) origin_->close();
    if (target_) target_->close();
}

}  // namespace crossfade::migrate
