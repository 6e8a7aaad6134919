#include "cells/reconciler.hpp"

#include <algorithm>

#include "cells/find_suspects.hpp"
#include "driver/pause.hpp"

namespace crossfade::cells {
namespace {

constexpr std::size_t most_sentences = 100;
constexpr std::int64_t measured_for_us = 60'000'000;

// The most that is waited for a write whose age CQL does not tell.
constexpr std::chrono::milliseconds unknown_age{1000};

// Whether it takes something away, or decides by a stamp that is no cell's own.
bool overrules(const ReconcilePlan& plan) {
    const auto deletes = [](const Write& write) {
        return write.kind == Write::Kind::delete_row || write.kind == Write::Kind::delete_column ||
               write.kind == Write::Kind::delete_element;
    };
    return plan.latest_stamp != 0 || std::ranges::any_of(plan.to_origin.writes, deletes) ||
           std::ranges::any_of(plan.to_target.writes, deletes);
}

// How long what differs must have been seen to differ before it may be overruled. `fresh` is now, by the clusters'
// clocks.
std::chrono::milliseconds patience(const RowPair& pair, std::int64_t fresh, std::chrono::milliseconds in_flight) {
    bool is_young = false, is_known = true;
    for (const Row* const row : {pair.origin, pair.target}) {
        if (row == nullptr) continue;
        is_known = is_known && !row->atoms.empty();
        for (const Atom& atom : row->atoms) {
            is_known = is_known && atom.stamp.is_known;
            is_young = is_young || (atom.stamp.is_known &&
                                    atom.stamp.writetime > fresh - std::chrono::microseconds(in_flight).count());
        }
    }
    if (is_young) return in_flight;
    return is_known ? std::chrono::milliseconds(0) : std::min(in_flight, unknown_age);
}

base::Error of_side(const char* side, base::Error error) {
    error.message = std::string(side) + ": " + error.message;
    return error;
}

}  // namespace

Reconciler::Reconciler(net::Loop& loop, std::shared_ptr<TableAccess> origin, std::shared_ptr<TableAccess> target,
                       ReconcileOptions options, const base::Clock& clock)
    : loop_(loop),
      origin_(std::move(origin)),
      target_(std::move(target)),
      options_(std::move(options)),
      clock_(clock),
      planner_(origin_->shared_layout(), options_.plan) {}

void Reconciler::leave(const RowKey& key, const std::string& why) {
    ++outcome_.left_count;
    if (outcome_.left.size() < most_sentences)
        outcome_.left.push_back(cql::to_cql(planner_.layout().table) + " WHERE " + to_cql(planner_.layout(), key) +
                                ": " + why);
}

base::Task<base::Result<std::int64_t>> Reconciler::fresh_stamp() {
    const std::int64_t now = clock_.wall_microseconds();
    if (!measured_at_ || now - *measured_at_ > measured_for_us || now < *measured_at_) {
        auto of_origin = co_await origin_->session()->measure_clock();
        if (!of_origin) co_return base::fail(of_side("origin", std::move(of_origin.error())));
        auto of_target = co_await target_->session()->measure_clock();
        if (!of_target) co_return base::fail(of_side("target", std::move(of_target.error())));
        behind_us_ = std::max(
            {std::int64_t{0}, of_origin->error_us - of_origin->offset_us, of_target->error_us - of_target->offset_us});
        measured_at_ = now;
    }
    co_return clock_.wall_microseconds() - behind_us_;
}

base::Task<base::Result<bool>> Reconciler::wait_for(std::int64_t stamp) {
    for (;;) {
        auto fresh = co_await fresh_stamp();
        if (!fresh) co_return base::fail(std::move(fresh.error()));
        if (stamp < *fresh) co_return true;
        const std::chrono::milliseconds away((stamp - *fresh) / 1000 + 1);
        if (away > options_.longest_wait) co_return false;
        driver::Pause wait(loop_, away);
        co_await wait;
    }
}

base::Task<base::Result<void>> Reconciler::apply(RowKey key, ReconcilePlan& plan, std::int64_t now) {
    const PartitionKey partition = key.partition_key();
    if (!plan.to_origin.writes.empty()) {
        auto written = co_await origin_->write(partition, plan.to_origin.writes, now);
        if (!written) co_return base::fail(of_side("origin", std::move(written.error())));
    }
    if (!plan.to_target.writes.empty()) {
        auto written = co_await target_->write(partition, plan.to_target.writes, now);
        if (!written) co_return base::fail(of_side("target", std::move(written.error())));
    }
    co_return base::Result<void>();
}

base::Task<base::Result<void>> Reconciler::settle(RowKey key) {
    const bool is_counter = planner_.layout().is_counter;
    bool has_written = false;
    std::optional<std::int64_t> first_seen;
    for (std::uint32_t tried = 0;;) {
        auto fresh = co_await fresh_stamp();
        if (!fresh) co_return base::fail(std::move(fresh.error()));
        auto pair = co_await read_pair(origin_, target_, key, clock_);
        if (!pair) co_return base::fail(std::move(pair.error()));
        const RowDifference difference = compare_rows(planner_.layout(), key.of_statics, pair->origin, pair->target);
        if (difference.kind == RowDifference::Kind::none) break;
        if (tried == options_.tries) {
            leave(key, options_.truncation ? "cells that the TRUNCATE should have taken are still there"
                                           : "the clusters do not agree after " + std::to_string(tried) + " tries");
            break;
        }
        ReconcilePlan plan;
        if (options_.truncation) {
            const bool has_unknown = plan_truncation(planner_, key.of_statics, options_.truncation->truncated,
                                                     pair->origin, pair->target, options_.truncation->before, plan);
            if (plan.is_empty()) {
                if (has_unknown) leave(key, "it cannot be told whether it is older than the TRUNCATE");
                break;
            }
        } else if (is_counter) {
            if (!options_.includes_counters) {
                leave(key, "counters are repaired only when that is asked for, with the application at rest");
                break;
            }
            const bool from_origin = options_.primary == Side::origin;
            const Row* const mine = from_origin ? pair->origin : pair->target;
            const Row* const theirs = from_origin ? pair->target : pair->origin;
            if (mine != nullptr)
                planner_.add_counters(key.of_statics, *mine, theirs, from_origin ? plan.to_target : plan.to_origin);
            if (plan.is_empty()) {
                leave(key, "the primary has no such counter; counters cannot be deleted safely");
                break;
            }
        } else {
            plan_reconciliation(planner_, key.of_statics, options_.primary, pair->origin, pair->target, difference,
                                *fresh, tried >= 2, plan, options_.keep_older_than);
            if (plan.is_empty() && plan.has_kept) {
                const bool is_origins = options_.primary == Side::target;
                leave(key,
                      std::string("what only the ") + (is_origins ? "origin" : "target") +
                          " has of it is older than the writes in question, and stays; if it was never copied to the " +
                          (is_origins ? "target" : "origin") +
                          ", copy it; if it was deleted there, delete it here, too");
                break;
            }
        }
        if (!is_counter && !options_.truncation && overrules(plan)) {
            const std::int64_t seen_at = clock_.wall_microseconds();
            if (!first_seen) first_seen = seen_at;
            if (std::chrono::microseconds(seen_at - *first_seen) < patience(*pair, *fresh, options_.in_flight)) {
                driver::Pause wait(loop_, options_.pause);
                co_await wait;
                continue;
            }
        }
        if (plan.latest_stamp != 0) {
            auto is_past = co_await wait_for(plan.latest_stamp);
            if (!is_past) co_return base::fail(std::move(is_past.error()));
            if (!*is_past) {
                leave(key, "a cell is stamped in the future of the clusters' clocks");
                break;
            }
        }
        const std::int64_t now = pair->origin_page->read_at;
        auto applied = co_await apply(key, plan, now);
        // What timed out may have been done all the same: counters above all are read again before anything is added
        // again.
        if (!applied && !may_pass(applied.error())) co_return base::fail(std::move(applied.error()));
        if (!applied && tried + 1 == options_.tries) co_return base::fail(std::move(applied.error()));
        has_written = true;
        if (tried > 0 || !applied) {
            driver::Pause wait(loop_, options_.pause);
            co_await wait;
        }
        ++tried;
    }
    if (has_written) ++outcome_.rows_written;
    co_return base::Result<void>();
}

base::Task<base::Result<void>> Reconciler::settle_all(std::vector<RowKey> keys) {
    for (RowKey& key : keys) {
        auto settled = co_await settle(std::move(key));
        if (!settled) co_return settled;
    }
    co_return base::Result<void>();
}

base::Task<base::Result<ReconcileOutcome>> Reconciler::search(PageRequest where) {
    outcome_ = ReconcileOutcome();
    for (const bool of_statics : {true, false}) {
        if (of_statics && planner_.layout().statics.empty()) continue;
        SuspectSearch search;
        search.where = where;
        search.where.of_statics = of_statics;
        search.on_suspects = [this](std::vector<RowKey> keys) { return settle_all(std::move(keys)); };
        search.on_progress = [this](std::uint64_t origin_rows, std::uint64_t target_rows) {
            outcome_.rows_compared += options_.primary == Side::origin ? origin_rows : target_rows;
        };
        auto searched = co_await find_suspects(loop_, origin_, target_, std::move(search), clock_);
        if (!searched) co_return base::fail(std::move(searched.error()));
    }
    co_return std::move(outcome_);
}

base::Task<base::Result<ReconcileOutcome>> Reconciler::partition(std::vector<Bytes> key) {
    PageRequest where;
    where.scope = Scope::partition;
    where.key.partition = std::move(key);
    auto token = token_of(where.key.partition_key().components);
    if (!token) co_return base::fail(std::move(token.error()));
    where.key.token = *token;
    auto outcome = co_await search(std::move(where));
    co_return outcome;
}

base::Task<base::Result<ReconcileOutcome>> Reconciler::range(cql::TokenRange range) {
    PageRequest where;
    where.range = range;
    auto outcome = co_await search(std::move(where));
    co_return outcome;
}

base::Task<base::Result<ReconcileOutcome>> Reconciler::row(RowKey key) {
    outcome_ = ReconcileOutcome();
    outcome_.rows_compared = 1;
    auto settled = co_await settle(std::move(key));
    if (!settled) co_return base::fail(std::move(settled.error()));
    co_return std::move(outcome_);
}

}  // namespace crossfade::cells
