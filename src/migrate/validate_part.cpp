#include "migrate/validate_part.hpp"

#include <algorithm>

#include "base/for_each_at_once.hpp"
#include "cells/find_suspects.hpp"
#include "cells/row_pair.hpp"
#include "driver/pause.hpp"
#include "migrate/finding.hpp"

namespace crossfade::migrate {
namespace {

using cells::RowDifference;

// Suspects are settled when so many have come, so that a table that is not there at all does not fill memory.
constexpr std::size_t most_pending = 4000;
constexpr std::size_t at_once = 64;
constexpr std::size_t most_sentences = 20;
// Looks at a suspect: at once, then after each of these pauses.
constexpr std::chrono::milliseconds pauses[] = {std::chrono::milliseconds(700), std::chrono::milliseconds(1500),
                                                std::chrono::milliseconds(1500), std::chrono::milliseconds(3000),
                                                std::chrono::milliseconds(3000)};
constexpr std::size_t looks_when_still = 3;
// What only the target has is deleted when it is older than any write can be that is still on its way to the origin.
constexpr std::int64_t youngest_extra_us = 12000000;
constexpr std::uint32_t most_waits_for_age = 3;
constexpr std::uint32_t repair_tries = 3, read_tries = 6;

// A row that differed at the last look.
struct Suspect {
    explicit Suspect(cells::RowKey row_key) : key(std::move(row_key)) {}

    cells::RowKey key;
    std::int64_t newest = INT64_MIN;  // the newest stamp seen on either side
    std::size_t atoms = 0;
    bool is_changing = false;  // it was not the same at the last two looks
    bool is_open = true;
};
using SuspectPtr = std::shared_ptr<Suspect>;

class PartValidation : public std::enable_shared_from_this<PartValidation> {
public:
    PartValidation(Surroundings& around, std::shared_ptr<const TableWork> table, cql::TokenRange range,
                   std::optional<cells::RepairKinds> repair)
        : around_(around), table_(std::move(table)), range_(range), repair_(repair) {}

    base::Task<base::Result<ValidatedPart>> run() {
        const auto self = shared_from_this();
        for (const bool of_statics : {true, false}) {
            if (of_statics && layout().statics.empty()) continue;
            auto walked = co_await walk(of_statics);
            if (!walked) co_return base::fail(std::move(walked.error()));
        }
        auto settled = co_await settle(std::exchange(pending_, {}));
        if (!settled) co_return base::fail(std::move(settled.error()));
        co_return std::move(part_);
    }

private:
    const cells::Layout& layout() const { return table_->origin->layout(); }

    base::Task<base::Result<void>> walk(bool of_statics) {
        cells::SuspectSearch search;
        search.where.range = range_;
        search.where.of_statics = of_statics;
        search.sizes = around_.page_sizes;
        search.should_stop = around_.should_stop;
        const auto self = shared_from_this();
        search.on_suspects = [self](std::vector<cells::RowKey> keys) { return collect(self, std::move(keys)); };
        search.on_progress = [self, of_statics](std::uint64_t origin_rows, std::uint64_t target_rows) {
            PartCounts& counts = self->part_.counts;
            (of_statics ? counts.static_partitions : counts.origin_rows) += origin_rows;
            if (of_statics) return;
            counts.target_rows += target_rows;
            if (self->around_.on_rows) self->around_.on_rows(origin_rows);
        };
        auto done = co_await cells::find_suspects(around_.loop, table_->origin, table_->target, std::move(search),
                                                  around_.clock);
        co_return done;
    }

    static base::Task<base::Result<void>> collect(std::shared_ptr<PartValidation> self,
                                                  std::vector<cells::RowKey> keys) {
        for (cells::RowKey& key : keys) self->pending_.push_back(std::make_shared<Suspect>(std::move(key)));
        if (self->pending_.size() < most_pending) co_return base::Result<void>();
        auto settled = co_await self->settle(std::exchange(self->pending_, {}));
        co_return settled;
    }

    // Looks at all of them again and again until each is equal, or has been different for long enough.
    base::Task<base::Result<void>> settle(std::vector<SuspectPtr> suspects) {
        const auto self = shared_from_this();
        for (std::size_t look = 1; !suspects.empty(); ++look) {
            const bool is_last = look > std::size(pauses);
            std::function<base::Task<void>(SuspectPtr)> work = [self, look, is_last](SuspectPtr suspect) {
                return look_again(self, std::move(suspect), look, is_last);
            };
            std::vector<SuspectPtr> these = suspects;
            co_await base::for_each_at_once(std::move(these), at_once, std::move(work));
            if (error_) co_return base::fail(std::move(*error_));
            std::erase_if(suspects, [](const SuspectPtr& suspect) { return !suspect->is_open; });
            if (suspects.empty()) break;
            if (around_.should_stop && around_.should_stop())
                co_return base::fail(base::ErrorKind::interrupted, "stopped");
            driver::Pause wait(around_.loop, pauses[std::min(look, std::size(pauses)) - 1]);
            co_await wait;
        }
        co_return base::Result<void>();
    }

    // Reads the pair, trying again what may pass. Null: it did not, and error_ says so.
    static base::Task<std::optional<cells::RowPair>> read(std::shared_ptr<PartValidation> self, cells::RowKey key) {
        std::chrono::milliseconds pause(100);
        for (std::uint32_t tries = 1; !self->error_; ++tries) {
            auto pair = co_await cells::read_pair(self->table_->origin, self->table_->target, key, self->around_.clock);
            if (pair) co_return std::move(*pair);
            if (tries == read_tries || !cells::may_pass(pair.error())) {
                if (!self->error_) self->error_ = std::move(pair.error());
                break;
            }
            driver::Pause wait(self->around_.loop, pause);
            co_await wait;
            pause *= 2;
        }
        co_return std::nullopt;
    }

    static base::Task<void> look_again(std::shared_ptr<PartValidation> self, SuspectPtr suspect, std::size_t look,
                                       bool is_last) {
        auto pair = co_await read(self, suspect->key);
        if (!pair) co_return;
        const RowDifference difference =
            cells::compare_rows(self->layout(), suspect->key.of_statics, pair->origin, pair->target);
        if (difference.kind == RowDifference::Kind::none) {
            suspect->is_open = false;
            co_return;
        }
        std::int64_t newest = INT64_MIN;
        std::size_t atoms = 0;
        for (const cells::Row* row : {pair->origin, pair->target}) {
            if (row == nullptr) continue;
            atoms += row->atoms.size() + 1;
            for (const cells::Atom& atom : row->atoms)
                if (atom.stamp.is_known) newest = std::max(newest, atom.stamp.writetime);
        }
        suspect->is_changing = look > 1 && (newest != suspect->newest || atoms != suspect->atoms);
        suspect->newest = newest;
        suspect->atoms = atoms;
        if (!is_last && (look < looks_when_still || suspect->is_changing)) co_return;
        suspect->is_open = false;
        co_await report(self, suspect->key, std::move(*pair));
    }

    static base::Task<void> report(std::shared_ptr<PartValidation> self, cells::RowKey key, cells::RowPair pair) {
        const RowDifference difference = cells::compare_rows(self->layout(), key.of_statics, pair.origin, pair.target);
        Fate fate;
        if (self->repair_) fate = co_await repair(self, key, pair);
        if (self->error_) co_return;
        const bool is_newer = std::any_of(difference.cells.begin(), difference.cells.end(),
                                          [](const auto& cell) { return cell.target_is_newer; });
        if (!fate.is_repaired && fate.left.empty() && is_newer)
            fate.left = cells::reason_of(cells::Left::newer_on_target);
        ValidatedPart& part = self->part_;
        count_finding(difference, fate, part.counts);
        part.report += finding_json(self->layout(), key, difference, fate) + "\n";
        if (part.sentences.size() < most_sentences)
            part.sentences.push_back(finding_text(self->layout(), key, difference, fate));
    }

    // Why the first thing that is left of a difference is left.
    static std::string reason(const PartValidation& self, const cells::RowKey& key, const cells::RowPair& pair,
                              const RowDifference& difference) {
        const cells::Planner& planner = *self.table_->planner;
        if (difference.kind != RowDifference::Kind::different)
            return std::string(cells::reason_of(
                planner.why_left(key.of_statics, pair.origin, pair.target, difference, nullptr, *self.repair_)));
        for (const cells::CellDifference& cell : difference.cells) {
            const auto left =
                planner.why_left(key.of_statics, pair.origin, pair.target, difference, &cell, *self.repair_);
            if (left != cells::Left::none) return std::string(cells::reason_of(left));
        }
        return "";
    }

    // How long it is until what a repair would delete of this row is old enough; 0 when it deletes nothing, or may.
    static std::chrono::microseconds until_old_enough(const PartValidation& self, const cells::RowKey& key,
                                                      const cells::RowPair& pair, const RowDifference& difference) {
        if (!self.repair_->extra || pair.target == nullptr) return {};
        cells::Plan deletes;
        self.table_->planner->repair(key.of_statics, pair.origin, pair.target, difference,
                                     {.missing = false, .different = false, .extra = true}, deletes);
        if (deletes.writes.empty()) return {};
        std::int64_t newest = INT64_MIN;
        for (const cells::Atom& atom : pair.target->atoms)
            if (atom.stamp.is_known) newest = std::max(newest, atom.stamp.writetime);
        const std::int64_t now = self.around_.clock.wall_microseconds();
        // Stamps far in the future are no sign of a write under way.
        if (newest <= now - youngest_extra_us || newest > now + youngest_extra_us) return {};
        return std::chrono::microseconds(newest + youngest_extra_us - now);
    }

    static base::Task<Fate> repair(std::shared_ptr<PartValidation> self, cells::RowKey key, cells::RowPair pair) {
        const cells::Planner& planner = *self->table_->planner;
        Fate fate;
        bool has_written = false;
        std::uint32_t waits = 0;
        for (std::uint32_t tries = 1;; ++tries) {
            const RowDifference difference =
                cells::compare_rows(self->layout(), key.of_statics, pair.origin, pair.target);
            if (difference.kind == RowDifference::Kind::none) {
                fate.is_repaired = has_written;
                fate.left.clear();
                co_return fate;
            }
            if (const auto wait = until_old_enough(*self, key, pair, difference); wait.count() > 0) {
                if (++waits > most_waits_for_age) {
                    fate.left =
                        "it is being written all the time; what only the target has may be on its way to the origin";
                    co_return fate;
                }
                driver::Pause pause(self->around_.loop, std::chrono::ceil<std::chrono::milliseconds>(wait));
                co_await pause;
                auto again = co_await read(self, key);
                if (!again) co_return fate;
                pair = std::move(*again);
                continue;
            }
            fate.left = reason(*self, key, pair, difference);
            cells::Plan plan;
            planner.repair(key.of_statics, pair.origin, pair.target, difference, *self->repair_, plan);
            if (plan.writes.empty() || tries > repair_tries) {
                // What was asked for was written and is not seen: something on the target hides it.
                if (fate.left.empty()) fate.left = "the target has something newer, or equally new, that wins over it";
                co_return fate;
            }
            co_await self->around_.window.enter();
            auto written = co_await self->table_->target->write(key.partition_key(), plan.writes,
                                                                pair.origin != nullptr ? pair.origin_page->read_at : 0);
            self->around_.window.leave();
            if (!written && !cells::may_pass(written.error())) {
                fate.left = "the target refused the repair: " + written.error().message;
                co_return fate;
            }
            has_written = true;
            self->part_.counts.writes += plan.writes.size();
            if (!written) {
                self->around_.window.refused();
                // Adding again what is about to be applied would count it twice.
                const bool is_counter = self->layout().is_counter;
                driver::Pause wait(self->around_.loop,
                                   is_counter ? late_counter_write : std::chrono::milliseconds(500));
                co_await wait;
            }
            auto again = co_await read(self, key);
            if (!again) co_return fate;
            pair = std::move(*again);
        }
    }

    Surroundings& around_;
    std::shared_ptr<const TableWork> table_;
    const cql::TokenRange range_;
    const std::optional<cells::RepairKinds> repair_;
    ValidatedPart part_;
    std::vector<SuspectPtr> pending_;
    std::optional<base::Error> error_;
};

}  // namespace

base::Task<base::Result<ValidatedPart>> validate_part(Surroundings& around, std::shared_ptr<const TableWork> table,
                                                      cql::TokenRange range, std::optional<cells::RepairKinds> repair) {
    const auto part = std::make_shared<PartValidation>(around, std::move(table), range, repair);
    auto validated = co_await part->run();
    co_return validated;
}

}  // namespace crossfade::migrate
