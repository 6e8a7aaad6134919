#include "proxy/repair_compare.hpp"

#include <spdlog/fmt/fmt.h>

#include <algorithm>

#include "base/clock.hpp"
#include "cells/find_suspects.hpp"
#include "cells/row_pair.hpp"
#include "cql/token.hpp"
#include "driver/pause.hpp"
#include "proxy/facts.hpp"
#include "proxy/repair_keys.hpp"
#include "proxy/verdict.hpp"

namespace crossfade::proxy {
namespace {

// A whole table is searched in so many parts, so many at once.
constexpr std::uint32_t sweep_parts = 64;
constexpr std::size_t sweep_workers = 8;
constexpr std::chrono::milliseconds between_looks{50};

cells::Side side_of(std::size_t cluster) {
    return cluster == origin_cluster ? cells::Side::origin : cells::Side::target;
}

base::Result<void> judged(const cells::ReconcileOutcome& outcome) {
    if (outcome.is_equal()) return {};
    const std::string first = outcome.left.empty() ? std::string() : outcome.left.front();
    const std::string more =
        outcome.left_count > 1 ? fmt::format(" (and {} more rows)", outcome.left_count - 1) : std::string();
    return base::fail(base::ErrorKind::bad_input,
                      first + more + "; 'crossfade journal repair --retry-blocked' compares again");
}

void add(cells::ReconcileOutcome& sum, cells::ReconcileOutcome&& more) {
    sum.rows_compared += more.rows_compared;
    sum.rows_written += more.rows_written;
    sum.left_count += more.left_count;
    for (std::string& sentence : more.left)
        if (sum.left.size() < 100) sum.left.push_back(std::move(sentence));
}

}  // namespace

struct RepairCompare::Sweep {
    AccessPtr access;
    cells::ReconcileOptions options;
    std::int64_t least_stamp = 0;
    std::vector<cql::TokenRange> ranges;
    std::size_t next = 0;
    cells::ReconcileOutcome outcome;
    base::Result<void> failure;
    bool is_over(const RepairCompare& of) const {
        return !failure || of.surroundings_.should_stop() || next == ranges.size();
    }
};

RepairCompare::RepairCompare(net::Loop& loop, SessionPair sessions, RepairTables& tables, Surroundings surroundings)
    : loop_(loop), sessions_(std::move(sessions)), tables_(tables), surroundings_(std::move(surroundings)) {}

base::Task<base::Result<RepairCompare::AccessPtr>> RepairCompare::open(cql::TableName name) {
    const auto key = std::make_pair(name.keyspace, name.table);
    if (const auto known = open_.find(key); known != open_.end()) co_return known->second;
    const nodes::Table* const of_origin = tables_.table(origin_cluster, name);
    const nodes::Table* const of_target = tables_.table(target_cluster, name);
    if (!of_origin || !of_target) {
        co_return base::fail(base::ErrorKind::bad_input,
                             cql::to_cql(name) + " is not on both clusters: nothing can be compared");
    }
    auto layout = cells::common_layout(*of_origin, *of_target);
    if (!layout) co_return base::fail(base::ErrorKind::bad_input, layout.error().message);
    const auto shared = std::make_shared<const cells::Layout>(std::move(*layout));
    auto access = std::make_shared<Access>();
    auto origin = co_await cells::TableAccess::open(sessions_[origin_cluster], shared);
    if (!origin)
        co_return base::fail(origin.error().kind, "origin: " + origin.error().message, origin.error().server_code);
    access->origin = std::move(*origin);
    auto target = co_await cells::TableAccess::open(sessions_[target_cluster], shared);
    if (!target)
        co_return base::fail(target.error().kind, "target: " + target.error().message, target.error().server_code);
    access->target = std::move(*target);
    open_[key] = access;
    co_return access;
}

cells::ReconcileOptions RepairCompare::options() const {
    cells::ReconcileOptions options;
    options.primary = side_of(surroundings_.primary());
    options.includes_counters = surroundings_.includes_counters;
    options.in_flight = surroundings_.request_timeout;
    return options;
}

base::Task<base::Result<void>> RepairCompare::partitions(EntryPtr entry) {
    auto written = co_await written_partitions(sessions_, tables_, entry);
    if (!written) co_return base::fail(std::move(written.error()));
    if (written->partitions.empty() && written->whole_tables.empty() && entry->tables.empty()) {
        co_return base::fail(base::ErrorKind::bad_input, "it cannot be told which table it is about");
    }
    for (const cql::TableName& name : written->whole_tables) {
        auto done = co_await whole_table(name, entry, 0);
        if (!done) co_return done;
    }
    for (const auto& [name, keys] : written->partitions) {
        if (written->whole_tables.contains(name)) continue;
        for (const KeyComponents& key : keys) {
            if (surroundings_.should_stop()) co_return base::fail(base::ErrorKind::interrupted, "stopped");
            auto done = co_await partition(name, key);
            if (!done) co_return done;
        }
    }
    co_return base::Result<void>();
}

base::Task<base::Result<void>> RepairCompare::tables(EntryPtr entry) {
    for (const cql::TableName& name : entry->tables) {
        // What only the primary has is not this entry's matter when it is older than all that the entry means: it is
        // not copied yet. Where the primary may lack deletes too, nothing may be left out.
        auto done = co_await whole_table(name, entry, names_primary(*entry) ? 0 : entry->timestamp);
        if (!done) co_return done;
    }
    co_return base::Result<void>();
}

base::Task<base::Result<void>> RepairCompare::truncated(EntryPtr entry) {
    for (const cql::TableName& name : entry->tables) {
        const TruncateSides sides = truncate_sides(*entry, tables_.find(name));
        if (sides.is_settled) continue;
        if (!sides.truncated && surroundings_.retries_blocked && entry->state == JournalEntry::State::blocked) continue;
        if (!sides.truncated) {
            co_return base::fail(base::ErrorKind::bad_input,
                                 "it is not known which cluster executed TRUNCATE " + cql::to_cql(name) +
                                     ": type it on both, or compare with 'crossfade validate'; then 'crossfade journal "
                                     "repair --retry-blocked' takes it for done");
        }
        cells::ReconcileOptions reconcile = options();
        reconcile.truncation = cells::ReconcileOptions::Truncation{side_of(*sides.truncated), sides.before_us};
        auto done = co_await sweep(name, std::move(reconcile), 0);
        if (!done) co_return done;
    }
    co_return base::Result<void>();
}

base::Task<base::Result<void>> RepairCompare::partition(cql::TableName name, std::vector<base::Bytes> key) {
    auto access = co_await open(name);
    if (!access) co_return base::fail(std::move(access.error()));
    cells::Reconciler reconciler(loop_, (*access)->origin, (*access)->target, options());
    auto outcome = co_await reconciler.partition(std::move(key));
    if (!outcome) co_return base::fail(std::move(outcome.error()));
    co_return judged(*outcome);
}

base::Task<base::Result<void>> RepairCompare::whole_table(cql::TableName name, EntryPtr entry,
                                                          std::int64_t least_stamp) {
    while (is_sweeping_) {
        if (surroundings_.should_stop()) co_return base::fail(base::ErrorKind::interrupted, "stopped");
        driver::Pause pause(loop_, between_looks);
        co_await pause;
    }
    // Thousands of entries that do not tell their partition are settled by one sweep.
    const auto key = std::make_pair(name.keyspace, name.table);
    const std::int64_t settled_us =
        std::max(entry->time_us, entry->until_us) + std::chrono::microseconds(surroundings_.request_timeout).count();
    if (const auto swept = swept_at_.find(key); swept != swept_at_.end() && settled_us < swept->second)
        co_return base::Result<void>();
    const std::int64_t begun_us = base::system_clock().wall_microseconds();
    is_sweeping_ = true;
    cells::ReconcileOptions reconcile = options();
    if (names_primary(*entry)) reconcile.keep_older_than = oldest_meant(*entry, surroundings_.request_timeout);
    auto done = co_await sweep(name, std::move(reconcile), least_stamp);
    is_sweeping_ = false;
    if (done && least_stamp == 0) swept_at_[key] = begun_us;
    co_return done;
}

base::Task<base::Result<void>> RepairCompare::sweep(cql::TableName name, cells::ReconcileOptions options,
                                                    std::int64_t least_stamp) {
    auto access = co_await open(name);
    if (!access) co_return base::fail(std::move(access.error()));
    auto state = std::make_shared<Sweep>();
    state->access = std::move(*access);
    state->options = std::move(options);
    state->least_stamp = least_stamp;
    state->ranges = cql::split(cql::TokenRange{cql::smallest_token, cql::largest_token}, sweep_parts);
    std::vector<base::Task<void>> workers;
    for (std::size_t i = 0; i < sweep_workers; ++i) workers.push_back(sweep_ranges(state));
    for (auto& worker : workers) co_await worker;
    if (!state->failure) co_return state->failure;
    if (surroundings_.should_stop()) co_return base::fail(base::ErrorKind::interrupted, "stopped");
    co_return judged(state->outcome);
}

base::Task<void> RepairCompare::sweep_ranges(SweepPtr sweep) {
    cells::Reconciler reconciler(loop_, sweep->access->origin, sweep->access->target, sweep->options);
    while (!sweep->is_over(*this)) {
        cells::PageRequest where;
        where.range = sweep->ranges[sweep->next++];
        for (const bool of_statics : {true, false}) {
            if (of_statics && sweep->access->origin->layout().statics.empty()) continue;
            where.of_statics = of_statics;
            auto done = co_await sweep_range(sweep, reconciler, where);
            if (done) continue;
            if (sweep->failure) sweep->failure = std::move(done);
            co_return;
        }
    }
}

base::Task<base::Result<void>> RepairCompare::sweep_range(SweepPtr sweep, cells::Reconciler& reconciler,
                                                          cells::PageRequest where) {
    cells::SuspectSearch search;
    search.where = std::move(where);
    search.on_suspects = [this, sweep, &reconciler](std::vector<cells::RowKey> suspects) {
        return settle(sweep, reconciler, std::move(suspects));
    };
    search.should_stop = [this, sweep] { return !sweep->failure || surroundings_.should_stop(); };
    auto done = co_await cells::find_suspects(loop_, sweep->access->origin, sweep->access->target, std::move(search));
    co_return done;
}

base::Task<base::Result<void>> RepairCompare::settle(SweepPtr sweep, cells::Reconciler& reconciler,
                                                     std::vector<cells::RowKey> suspects) {
    for (cells::RowKey& key : suspects) {
        if (surroundings_.should_stop()) co_return base::fail(base::ErrorKind::interrupted, "stopped");
        if (sweep->least_stamp != 0) {
            auto pair = co_await cells::read_pair(sweep->access->origin, sweep->access->target, key);
            if (!pair) co_return base::fail(std::move(pair.error()));
            const bool from_origin = sweep->options.primary == cells::Side::origin;
            const cells::Row* const primary = from_origin ? pair->origin : pair->target;
            const cells::Row* const other = from_origin ? pair->target : pair->origin;
            if (is_older_row(primary, other, sweep->least_stamp)) continue;
        }
        auto outcome = co_await reconciler.row(std::move(key));
        if (!outcome) co_return base::fail(std::move(outcome.error()));
        add(sweep->outcome, std::move(*outcome));
    }
    co_return base::Result<void>();
}

bool is_older_row(const cells::Row* primary, const cells::Row* other, std::int64_t least_stamp) {
    if (!primary || other || primary->atoms.empty()) return false;
    return std::all_of(primary->atoms.begin(), primary->atoms.end(), [&](const cells::Atom& atom) {
        return atom.stamp.is_known && atom.stamp.writetime < least_stamp;
    });
}

std::int64_t oldest_meant(const JournalEntry& entry, std::chrono::milliseconds request_timeout) {
    const std::int64_t since_us = entry.time_us - std::chrono::microseconds(request_timeout).count();
    const std::int64_t oldest = entry.timestamp == 0 ? since_us : std::min(since_us, entry.timestamp);
    return std::max<std::int64_t>(1, oldest);
}

TruncateSides truncate_sides(const JournalEntry& entry, const TableOnSides& table) {
    TruncateSides sides;
    const std::int64_t instant_us = first_instant_us(entry);
    std::array<bool, 2> has_executed{};
    bool all_known = true;
    for (std::size_t side = 0; side < table.size(); ++side) {
        has_executed[side] = table[side].truncated_us > instant_us - emptied_margin_us;
        all_known = all_known && table[side].knows_truncations;
    }
    sides.is_settled = (has_executed[0] && has_executed[1]) || (all_known && !has_executed[0] && !has_executed[1]);
    if (sides.is_settled) return sides;
    if (has_executed[0] != has_executed[1]) {
        sides.truncated = has_executed[0] ? origin_cluster : target_cluster;
    } else if (entry.sides == origin_side || entry.sides == target_side) {
        sides.truncated = entry.sides == origin_side ? target_cluster : origin_cluster;
    }
    if (sides.truncated) {
        const std::int64_t known_us = table[*sides.truncated].truncated_us;
        sides.before_us = has_executed[*sides.truncated] ? known_us : instant_us;
    }
    return sides;
}

}  // namespace crossfade::proxy
