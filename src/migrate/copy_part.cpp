#include "migrate/copy_part.hpp"

#include <algorithm>
#include <optional>

#include "base/for_each_at_once.hpp"
#include "cells/find_suspects.hpp"
#include "cells/row_pair.hpp"
#include "driver/pause.hpp"

namespace crossfade::migrate {
namespace {

using cells::Page;
using cells::PartitionRows;
using cells::Plan;

// One request's worth of writes. Several small partitions go together: they lie side by side on the ring, so that
// mostly they have the same replicas. More than these and the server begins to warn (batch_size_warn_threshold 5 KiB,
// 10 partitions).
constexpr std::size_t most_partitions = 8, most_bytes_together = 4096;
// Of one partition, which the server applies as one mutation and does not warn of.
constexpr std::size_t most_writes = 64, most_bytes = 64 * 1024;
// Cells stamped later than this from now are counted: they win over live writes until then.
constexpr std::int64_t future_us = 60'000'000;
constexpr std::uint32_t list_tries = 6;

base::Error of_side(const char* side, base::Error error) {
    error.message = std::string(side) + ": " + error.message;
    return error;
}

bool has_list(const cells::Layout& layout, bool of_statics, const cells::Row& row) {
    const auto& columns = layout.cells(of_statics);
    for (std::size_t i = 0; i < columns.size(); ++i)
        if (columns[i].shape == cells::Shape::list && !row.column(i).empty()) return true;
    return false;
}

struct Batch {
    std::shared_ptr<const Page> page;  // what the plan's views show
    Plan plan;
    struct Piece {
        const PartitionRows* partition;
        std::size_t first;  // of the plan's writes; up to the next piece's
    };
    std::vector<Piece> pieces;
    std::size_t bytes = 0, counted = 0;
    std::uint64_t rows = 0;
};

// What the coroutines of one part share.
class PartCopy : public std::enable_shared_from_this<PartCopy> {
public:
    PartCopy(Surroundings& around, std::shared_ptr<const TableWork> table, cql::TokenRange range)
        : around_(around),
          table_(std::move(table)),
          range_(range),
          newest_allowed_(around.clock.wall_microseconds() + future_us) {}

    base::Task<base::Result<PartCounts>> run() {
        const auto self = shared_from_this();
        const cells::Layout& layout = table_->origin->layout();
        if (!layout.statics.empty()) co_await copy_stream(true);
        if (!error_) co_await copy_stream(false);
        co_await all_done();
        if (!error_ && layout.has_lists()) {
            if (!layout.statics.empty()) co_await check_lists(true);
            if (!error_) co_await check_lists(false);
        }
        if (error_) co_return base::fail(std::move(*error_));
        co_return counts_;
    }

private:
    base::Task<void> copy_stream(bool of_statics) {
        cells::PageRequest request;
        request.of_statics = of_statics;
        request.range = range_;
        request.finds_expiry = true;
        cells::PageStream stream(around_.loop, table_->origin, std::move(request), around_.page_sizes, around_.clock);
        while (!error_) {
            if (around_.should_stop && around_.should_stop())
                fail_with(base::Error(base::ErrorKind::interrupted, "stopped"));
            auto page = co_await stream.next();
            if (!page) fail_with(of_side("origin", std::move(page.error())));
            if (!page || *page == nullptr) co_return;
            counts_.bytes += (*page)->byte_count();
            counts_.refused_expiries += (*page)->refused_expiries;
            (of_statics ? counts_.static_partitions : counts_.origin_rows) += (*page)->rows.size();
            co_await copy_page(std::move(*page), of_statics);
        }
    }

    base::Task<void> copy_page(std::shared_ptr<const Page> page, bool of_statics) {
        const cells::Layout& layout = table_->origin->layout();
        const bool may_have_lists = layout.has_lists();
        std::optional<driver::Pause> settling;
        std::unique_ptr<Batch> batch;
        for (const PartitionRows& partition : page->partitions) {
            for (std::size_t i = partition.first; i < partition.first + partition.count && !error_; ++i) {
                const cells::Row& row = page->rows[i];
                if (may_have_lists && has_list(layout, of_statics, row)) {
                    if (!settling) {
                        settling.emplace(around_.loop, around_.settling);
                        driver::Pause& pause = *settling;
                        co_await pause;
                    }
                    co_await around_.window.enter();
                    ++under_way_;
                    copy_list_row(shared_from_this(), page, &partition, &row, of_statics).detach();
                    continue;
                }
                if (batch != nullptr && is_full(*batch, partition)) co_await send(std::move(batch));
                if (batch == nullptr) {
                    batch = std::make_unique<Batch>();
                    batch->page = page;
                }
                if (batch->pieces.empty() || batch->pieces.back().partition != &partition)
                    batch->pieces.push_back({&partition, batch->plan.writes.size()});
                const std::size_t made_before = batch->plan.made.size();
                if (of_statics)
                    table_->planner->copy_statics(row, nullptr, batch->plan);
                else
                    table_->planner->copy_row(row, nullptr, batch->plan);
                batch->rows += of_statics ? 0 : 1;
                count_future(batch->plan);
                const std::size_t before = batch->counted, bytes_before = batch->bytes;
                for (; batch->counted < batch->plan.writes.size(); ++batch->counted)
                    batch->bytes += cells::byte_count(batch->plan.writes[batch->counted]);
                // Servers refuse a batch of several partitions that is large, however large one of them may be alone.
                if (before > 0 && batch->pieces.size() > 1 && batch->bytes > most_bytes_together) {
                    auto last = take_last(*batch, before, made_before, bytes_before, &partition, of_statics);
                    co_await send(std::move(batch));
                    batch = std::move(last);
                }
            }
        }
        if (batch != nullptr && !error_) co_await send(std::move(batch));
    }

    // Takes the row that was planned last, from `first` on, into a batch of its own.
    static std::unique_ptr<Batch> take_last(Batch& batch, std::size_t first, std::size_t made_before,
                                            std::size_t bytes_before, const PartitionRows* partition, bool of_statics) {
        auto last = std::make_unique<Batch>();
        last->page = batch.page;
        auto& writes = batch.plan.writes;
        const auto begin = writes.begin() + static_cast<std::ptrdiff_t>(first);
        last->plan.writes.assign(std::make_move_iterator(begin), std::make_move_iterator(writes.end()));
        writes.erase(begin, writes.end());
        // What its values show goes along: collections are encoded into the plan.
        for (auto& made = batch.plan.made; made.size() > made_before; made.pop_back())
            last->plan.made.push_front(std::move(made.back()));
        last->pieces.push_back({partition, 0});
        last->bytes = batch.bytes - bytes_before;
        last->counted = last->plan.writes.size();
        last->rows = of_statics ? 0 : 1;
        batch.bytes = bytes_before;
        batch.counted = first;
        batch.rows -= last->rows;
        if (batch.pieces.back().first == first) batch.pieces.pop_back();
        return last;
    }

    static bool is_full(const Batch& batch, const PartitionRows& next) {
        const bool stays = batch.pieces.size() == 1 && batch.pieces.back().partition == &next;
        if (stays) return batch.plan.writes.size() >= most_writes || batch.bytes >= most_bytes;
        const bool is_next = batch.pieces.back().partition != &next;
        return batch.bytes >= most_bytes_together || (is_next && batch.pieces.size() >= most_partitions);
    }

    void count(const Plan& plan) {
        counts_.writes += plan.writes.size();
        counts_.default_stamped_cells += plan.default_stamped_cells;
        counts_.key_only_rows += plan.key_only_rows;
    }

    void count_future(Plan& plan) {
        if (plan.newest_writetime > newest_allowed_) ++counts_.future_rows;
        plan.newest_writetime = 0;
    }

    base::Task<void> send(std::unique_ptr<Batch> batch) {
        count(batch->plan);
        co_await around_.window.enter();
        ++under_way_;
        write(shared_from_this(), std::move(batch)).detach();
    }

    static base::Task<void> write(std::shared_ptr<PartCopy> self, std::unique_ptr<Batch> batch) {
        std::vector<cells::TableAccess::PartitionWrites> writes;
        const std::span<const cells::Write> all = batch->plan.writes;
        for (std::size_t i = 0; i < batch->pieces.size(); ++i) {
            const std::size_t end = i + 1 < batch->pieces.size() ? batch->pieces[i + 1].first : all.size();
            writes.push_back(
                {batch->pieces[i].partition->key, all.subspan(batch->pieces[i].first, end - batch->pieces[i].first)});
        }
        auto written =
            co_await self->around_.window.write(self->table_->target, std::move(writes), batch->page->read_at);
        if (!written)
            self->fail_with(of_side("target", std::move(written.error())));
        else if (self->around_.on_rows)
            self->around_.on_rows(batch->rows);
        self->done_with_one();
    }

    // A row with lists: what the target has of them decides what is added. An attempt that may have been applied is
    // looked at again before anything is added again.
    static base::Task<void> copy_list_row(std::shared_ptr<PartCopy> self, std::shared_ptr<const Page> page,
                                          const PartitionRows* partition, const cells::Row* row, bool of_statics) {
        TableWork const& table = *self->table_;
        const cells::RowKey key(of_statics, partition->key, row->clustering);
        cells::RowPair pair;
        pair.origin_page = std::move(page);
        pair.origin = row;
        std::chrono::milliseconds pause(100);
        std::optional<base::Error> passing;  // why the last try was not the last one, if that was an error
        for (std::uint32_t tries = 1; tries <= list_tries && !self->error_; ++tries) {
            passing.reset();
            if (tries == 1) {
                cells::PageRequest request;
                request.scope = cells::Scope::row;
                request.of_statics = of_statics;
                request.key = key;
                request.page_size = 2;
                request.now = pair.origin_page->read_at;
                auto there = co_await table.target->read(std::move(request));
                if (there) {
                    pair.target_page = std::move(*there);
                    pair.target = pair.target_page->rows.empty() ? nullptr : &pair.target_page->rows.front();
                } else if (!cells::may_pass(there.error())) {
                    self->fail_with(of_side("target", std::move(there.error())));
                    break;
                } else {
                    passing = of_side("target", std::move(there.error()));
                }
            } else {
                auto both = co_await cells::read_pair(table.origin, table.target, key, self->around_.clock);
                if (!both && !cells::may_pass(both.error())) {
                    self->fail_with(std::move(both.error()));
                    break;
                }
                if (both)
                    pair = std::move(*both);
                else
                    passing = std::move(both.error());
            }
            if (!passing) {
                // Deleted on the origin meanwhile: there is nothing to copy.
                if (pair.origin == nullptr) break;
                Plan plan;
                if (of_statics)
                    table.planner->copy_statics(*pair.origin, pair.target, plan);
                else
                    table.planner->copy_row(*pair.origin, pair.target, plan);
                self->count_future(plan);
                auto written =
                    co_await table.target->write(key.partition_key(), plan.writes, pair.origin_page->read_at);
                if (written && plan.unsettled_lists == 0) {
                    self->count(plan);
                    break;
                }
                if (!written && !cells::may_pass(written.error())) {
                    self->fail_with(of_side("target", std::move(written.error())));
                    break;
                }
                if (!written) passing = of_side("target", std::move(written.error()));
            }
            if (passing) self->around_.window.refused();
            driver::Pause wait(self->around_.loop, pause);
            co_await wait;
            pause *= 2;
        }
        // A list that is not settled is found again, and counted, by check_lists(); cells that are not written are not.
        if (passing) self->fail_with(std::move(*passing));
        if (self->around_.on_rows && !of_statics) self->around_.on_rows(1);
        self->done_with_one();
    }

    // Live list operations beside the copy may have found a list half there. By now all of it is, so what still differs
    // is put right.
    base::Task<void> check_lists(bool of_statics) {
        cells::SuspectSearch search;
        search.where.range = range_;
        search.where.of_statics = of_statics;
        search.sizes = around_.page_sizes;
        search.should_stop = around_.should_stop;
        const auto self = shared_from_this();
        search.on_suspects = [self](std::vector<cells::RowKey> keys) { return check_list_rows(self, std::move(keys)); };
        auto searched = co_await cells::find_suspects(around_.loop, table_->origin, table_->target, std::move(search),
                                                      around_.clock);
        if (!searched) fail_with(std::move(searched.error()));
    }

    static base::Task<base::Result<void>> check_list_rows(std::shared_ptr<PartCopy> self,
                                                          std::vector<cells::RowKey> keys) {
        std::function<base::Task<void>(cells::RowKey)> check = [self](cells::RowKey key) {
            return check_list_row(self, std::move(key));
        };
        co_await base::for_each_at_once(std::move(keys), 32, std::move(check));
        if (self->error_) co_return base::fail(*self->error_);
        co_return base::Result<void>();
    }

    static bool lists_differ(const cells::Layout& layout, bool of_statics, const cells::RowPair& pair) {
        const auto difference = cells::compare_rows(layout, of_statics, pair.origin, pair.target);
        return std::any_of(difference.cells.begin(), difference.cells.end(), [&](const cells::CellDifference& cell) {
            const bool is_list = layout.cells(of_statics)[cell.column].shape == cells::Shape::list;
            return is_list && (cell.kind == cells::CellDifference::Kind::list ||
                               cell.kind == cells::CellDifference::Kind::missing ||
                               cell.kind == cells::CellDifference::Kind::extra);
        });
    }

    static base::Task<void> check_list_row(std::shared_ptr<PartCopy> self, cells::RowKey key) {
        TableWork const& table = *self->table_;
        std::chrono::milliseconds pause(100);
        for (std::uint32_t tries = 1; !self->error_; ++tries) {
            auto pair = co_await cells::read_pair(table.origin, table.target, key, self->around_.clock);
            if (!pair && !cells::may_pass(pair.error())) {
                self->fail_with(std::move(pair.error()));
                co_return;
            }
            if (pair && (pair->origin == nullptr || pair->target == nullptr ||
                         !lists_differ(table.origin->layout(), key.of_statics, *pair)))
                co_return;
            if (tries > list_tries) {
                ++self->counts_.unsettled_rows;
                co_return;
            }
            // The first look may have caught a write half way.
            if (pair && tries > 1) {
                Plan plan;
                table.planner->settle_lists(key.of_statics, *pair->origin, *pair->target, plan);
                auto written =
                    co_await table.target->write(key.partition_key(), plan.writes, pair->origin_page->read_at);
                if (!written && !cells::may_pass(written.error())) {
                    self->fail_with(of_side("target", std::move(written.error())));
                    co_return;
                }
                self->counts_.writes += plan.writes.size();
            }
            driver::Pause wait(self->around_.loop, pause);
            co_await wait;
            pause *= 2;
        }
    }

    void fail_with(base::Error error) {
        if (!error_) error_ = std::move(error);
    }

    void done_with_one() {
        around_.window.leave();
        if (--under_way_ == 0 && waiting_) std::exchange(waiting_, nullptr).resume();
    }

    struct AllDone {
        PartCopy& part;
        bool await_ready() const { return part.under_way_ == 0; }
        void await_suspend(std::coroutine_handle<> waiting) { part.waiting_ = waiting; }
        void await_resume() const {}
    };
    AllDone all_done() { return {*this}; }

    Surroundings& around_;
    std::shared_ptr<const TableWork> table_;
    const cql::TokenRange range_;
    const std::int64_t newest_allowed_;
    PartCounts counts_;
    std::optional<base::Error> error_;
    std::uint32_t under_way_ = 0;
    std::coroutine_handle<> waiting_;
};

}  // namespace

base::Task<base::Result<PartCounts>> copy_part(Surroundings& around, std::shared_ptr<const TableWork> table,
                                               cql::TokenRange range) {
    const auto part = std::make_shared<PartCopy>(around, std::move(table), range);
    auto copied = co_await part->run();
    co_return copied;
}

}  // namespace crossfade::migrate
