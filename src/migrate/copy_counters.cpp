#include <optional>

#include "base/for_each_at_once.hpp"
#include "cells/find_suspects.hpp"
#include "cells/row_pair.hpp"
#include "driver/pause.hpp"
#include "migrate/copy_part.hpp"

namespace crossfade::migrate {
namespace {

// How often a range is looked through until both sides agree. The first look finds what is lacking, the second that
// nothing is.
constexpr std::uint32_t most_looks = 6;
constexpr std::size_t at_once = 64;

struct CounterCopy {
    CounterCopy(Surroundings& surroundings, std::shared_ptr<const TableWork> work)
        : around(surroundings), table(std::move(work)) {}

    Surroundings& around;
    std::shared_ptr<const TableWork> table;
    PartCounts counts;
    std::optional<base::Error> error;
    std::uint64_t differing = 0;  // rows that the current look found
    bool has_unknown_outcome = false;
};
using CounterCopyPtr = std::shared_ptr<CounterCopy>;

base::Task<void> settle(CounterCopyPtr copy, cells::RowKey key) {
    if (copy->error) co_return;
    co_await copy->around.window.enter();
    auto pair = co_await cells::read_pair(copy->table->origin, copy->table->target, key, copy->around.clock);
    if (pair && pair->origin != nullptr) {
        cells::Plan plan;
        copy->table->planner->add_counters(key.of_statics, *pair->origin, pair->target, plan);
        if (!plan.writes.empty()) {
            ++copy->differing;
            auto written = co_await copy->table->target->write(key.partition_key(), plan.writes, 0);
            if (written) {
                copy->counts.writes += plan.writes.size();
            } else if (cells::may_pass(written.error())) {
                // Whether it was added is found out by the next look, not by adding again.
                copy->around.window.refused();
                copy->has_unknown_outcome = true;
            } else {
                copy->error = base::Error(written.error().kind, "target: " + written.error().message,
                                          written.error().server_code);
            }
        }
    } else if (!pair) {
        if (cells::may_pass(pair.error()))
            ++copy->differing;
        else
            copy->error = std::move(pair.error());
    }
    copy->around.window.leave();
}

base::Task<base::Result<void>> settle_all(CounterCopyPtr copy, std::vector<cells::RowKey> keys) {
    std::function<base::Task<void>(cells::RowKey)> work = [copy](cells::RowKey key) {
        return settle(copy, std::move(key));
    };
    co_await base::for_each_at_once(std::move(keys), at_once, std::move(work));
    if (copy->error) co_return base::fail(*copy->error);
    co_return base::Result<void>();
}

base::Task<base::Result<void>> look(CounterCopyPtr copy, cql::TokenRange range, bool of_statics, bool is_first) {
    cells::SuspectSearch search;
    search.where.range = range;
    search.where.of_statics = of_statics;
    search.sizes = copy->around.page_sizes;
    search.should_stop = copy->around.should_stop;
    search.on_suspects = [copy](std::vector<cells::RowKey> keys) { return settle_all(copy, std::move(keys)); };
    if (is_first) {
        search.on_progress = [copy, of_statics](std::uint64_t origin_rows, std::uint64_t) {
            (of_statics ? copy->counts.static_partitions : copy->counts.origin_rows) += origin_rows;
            if (!of_statics && copy->around.on_rows) copy->around.on_rows(origin_rows);
        };
    }
    auto done = co_await cells::find_suspects(copy->around.loop, copy->table->origin, copy->table->target,
                                              std::move(search), copy->around.clock);
    co_return done;
}

}  // namespace

base::Task<base::Result<PartCounts>> copy_counters(Surroundings& around, std::shared_ptr<const TableWork> table,
                                                   cql::TokenRange range) {
    const auto copy = std::make_shared<CounterCopy>(around, std::move(table));
    for (std::uint32_t looks = 1; looks <= most_looks; ++looks) {
        copy->differing = 0;
        copy->has_unknown_outcome = false;
        for (const bool of_statics : {true, false}) {
            if (of_statics && copy->table->origin->layout().statics.empty()) continue;
            auto looked = co_await look(copy, range, of_statics, looks == 1);
            if (!looked) co_return base::fail(std::move(looked.error()));
        }
        if (copy->differing == 0) co_return copy->counts;
        if (copy->has_unknown_outcome) {
            driver::Pause wait(around.loop, late_counter_write);
            co_await wait;
        }
    }
    co_return base::fail(
        base::ErrorKind::timeout,
        "the counters of both sides did not become equal; are they being counted while they are copied?");
}

}  // namespace crossfade::migrate
