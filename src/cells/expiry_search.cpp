#include "cells/expiry_search.hpp"

#include <algorithm>
#include <optional>
#include <string>
#include <unordered_map>

#include "base/for_each_at_once.hpp"
#include "driver/retry.hpp"

namespace crossfade::cells {
namespace {

// Below tombstone_warn_threshold, 1000: what has expired counts as one.
constexpr std::size_t most_cells = 800, most_rows = 100;
constexpr std::size_t at_once = 16;
constexpr std::int64_t first_step_seconds = 3600;

void add_key(std::string& name, ByteView bytes) {
    const std::size_t size = bytes.size();
    name.append(reinterpret_cast<const char*>(&size), sizeof size);
    name.append(reinterpret_cast<const char*>(bytes.data()), size);
}

std::string name_of(const PartitionKey& key, const Row& row) {
    std::string name;
    for (const ByteView component : key.components) add_key(name, component);
    for (const ByteView component : row.clustering) add_key(name, component);
    return name;
}

std::size_t cell_count(const Row& row) {
    return row.atoms.size() + 1;
}

// A partition's rows, and the rows of one table's page by their keys.
class PageRows {
public:
    explicit PageRows(const Page& page) : partition_of_(page.rows.size()) {
        for (std::size_t p = 0; p < page.partitions.size(); ++p)
            for (std::size_t i = 0; i < page.partitions[p].count; ++i) partition_of_[page.partitions[p].first + i] = p;
    }
    std::size_t partition_of(std::size_t row) const { return partition_of_[row]; }

private:
    std::vector<std::size_t> partition_of_;
};

class ProbeMaker {
public:
    ProbeMaker(const Layout& layout, bool of_statics, bool takes_lists, const Page& page,
               const std::vector<bool>& wanted)
        : has_one_row_(of_statics || layout.clustering.empty()),
          of_statics_(of_statics),
          takes_lists_(takes_lists),
          page_(page),
          wanted_(wanted) {}

    std::vector<ExpiryProbe> make() {
        for (std::size_t p = 0; p < page_.partitions.size(); ++p) {
            const PartitionRows& partition = page_.partitions[p];
            std::vector<std::size_t> rows;
            std::size_t cells = 0;
            for (std::size_t i = partition.first; i < partition.first + partition.count; ++i) {
                if (wanted_[i]) rows.push_back(i);
                cells += cell_count(page_.rows[i]);
            }
            if (rows.empty()) {
                close_range();
                continue;
            }
            // The first and the last partition of a page may have more rows than it shows.
            const bool is_whole = has_one_row_ || (p > 0 && p + 1 < page_.partitions.size());
            if (is_whole && partition.count <= most_rows && cells <= most_cells)
                add_partition(partition, rows, cells);
            else
                add_rows(partition, rows);
        }
        close_range();
        return std::move(probes_);
    }

private:
    void add_partition(const PartitionRows& partition, const std::vector<std::size_t>& rows, std::size_t cells) {
        if (!open_.rows.empty() && (open_rows_ + partition.count > most_rows || open_cells_ + cells > most_cells))
            close_range();
        if (open_.rows.empty()) {
            open_.where.scope = Scope::range;
            open_.where.range.start = partition.key.token - 1;
        }
        open_.where.range.end = partition.key.token;
        open_.rows.insert(open_.rows.end(), rows.begin(), rows.end());
        open_rows_ += partition.count;
        open_cells_ += cells;
        last_ = &partition;
    }

    void close_range() {
        if (open_.rows.size() == 1)
            add_row(*last_, open_.rows.front());
        else if (!open_.rows.empty())
            push(std::move(open_));
        open_ = ExpiryProbe();
        open_rows_ = open_cells_ = 0;
    }

    void add_rows(const PartitionRows& partition, const std::vector<std::size_t>& rows) {
        close_range();
        for (std::size_t i = 0; i < rows.size();) {
            ExpiryProbe probe;
            probe.where.scope = Scope::rows;
            std::size_t cells = 0;
            while (i < rows.size() && (probe.rows.empty() || (takes_lists_ && probe.rows.size() < most_rows &&
                                                              cells + cell_count(page_.rows[rows[i]]) <= most_cells))) {
                const Row& row = page_.rows[rows[i]];
                cells += cell_count(row);
                probe.where.keys.emplace_back(of_statics_, partition.key, row.clustering);
                probe.rows.push_back(rows[i++]);
            }
            if (probe.rows.size() == 1)
                add_row(partition, probe.rows.front());
            else
                push(std::move(probe));
        }
    }

    void add_row(const PartitionRows& partition, std::size_t row) {
        ExpiryProbe probe;
        probe.where.scope = Scope::row;
        probe.where.key = RowKey(of_statics_, partition.key, page_.rows[row].clustering);
        probe.rows.push_back(row);
        push(std::move(probe));
    }

    void push(ExpiryProbe probe) {
        probe.where.of_statics = of_statics_;
        probe.where.without_stamps = true;
        probes_.push_back(std::move(probe));
    }

    const bool has_one_row_, of_statics_, takes_lists_;
    const Page& page_;
    const std::vector<bool>& wanted_;
    std::vector<ExpiryProbe> probes_;
    ExpiryProbe open_;
    std::size_t open_rows_ = 0, open_cells_ = 0;
    const PartitionRows* last_ = nullptr;
};

bool key_is_less(const Atom* a, const Atom* b) {
    return std::lexicographical_compare(a->key.begin(), a->key.end(), b->key.begin(), b->key.end());
}

// For each of `sought` (numbers of atoms of `before`, rising) whether `later`, the same row at a later instant (null:
// it has gone), still shows it. A list's elements have no name: what is left of them is matched in order.
std::vector<bool> still_there(const Layout& layout, bool of_statics, const Row& before, const Row* later,
                              const std::vector<std::uint32_t>& sought) {
    std::vector<bool> there(sought.size(), false);
    if (later == nullptr) return there;
    const auto& columns = layout.cells(of_statics);
    std::size_t next = 0;
    for (std::uint32_t i = 0; i < columns.size() && next < sought.size(); ++i) {
        const std::uint32_t begin = i == 0 ? 0 : before.ends[i - 1], end = before.ends[i];
        const auto left = later->column(i);
        std::vector<const Atom*> by_key;
        if (columns[i].shape != Shape::list && sought[next] < end) {
            for (const Atom& atom : left) by_key.push_back(&atom);
            std::sort(by_key.begin(), by_key.end(), key_is_less);
        }
        std::size_t place = 0;
        for (std::uint32_t atom = begin; atom < end && next < sought.size(); ++atom) {
            const Atom& one = before.atoms[atom];
            bool is_there = false;
            if (columns[i].shape == Shape::list) {
                is_there = place < left.size() && equal(left[place].value, one.value);
                if (is_there) ++place;
            } else if (sought[next] == atom) {
                is_there = std::binary_search(by_key.begin(), by_key.end(), &one, key_is_less);
            }
            if (sought[next] == atom) there[next++] = is_there;
        }
    }
    return there;
}

class Search : public std::enable_shared_from_this<Search> {
public:
    Search(ExpirySearch search, std::shared_ptr<Page> page)
        : search_(std::move(search)), page_(std::move(page)), rows_(*page_), refused_(page_->rows.size()) {}

    base::Task<base::Result<void>> run() {
        const auto self = shared_from_this();
        // What never expires is there at the last instant, and most of it is seen at once.
        co_await probe(self, rows_where(&Search::asks), &Search::last, &Search::note_what_stays);
        co_await each_row(self, rows_where(&Search::asks_alone));
        co_await probe(self, rows_where(&Search::asks_for_marker), &Search::expiry_of, &Search::note_outliving);
        co_await each_row(self, outliving_);
        if (error_) co_return base::fail(std::move(*error_));
        page_->refused_expiries = static_cast<std::size_t>(std::count(refused_.begin(), refused_.end(), true));
        co_return base::Result<void>();
    }

private:
    static bool has_untold(const Row& row) {
        return std::any_of(row.atoms.begin(), row.atoms.end(),
                           [](const Atom& atom) { return !atom.stamp.tells_expiry(); });
    }
    bool asks_for_marker(const Row& row) const {
        if (search_.of_statics || row.is_marker_expiry_found) return false;
        return !row.atoms.empty() && !has_untold(row) && last_expiry(row) != 0;
    }
    // Nothing in the row gives a hint when it ends, or its elements may each end at another instant.
    bool asks_alone(const Row& row) const {
        return has_untold(row) || (!search_.of_statics && row.atoms.empty() && !row.is_marker_expiry_found);
    }
    bool asks(const Row& row) const { return asks_alone(row) || asks_for_marker(row); }

    std::vector<bool> rows_where(bool (Search::*which)(const Row&) const) const {
        std::vector<bool> wanted;
        wanted.reserve(page_->rows.size());
        for (const Row& row : page_->rows) wanted.push_back((this->*which)(row));
        return wanted;
    }
    std::int64_t last(const Row&) const { return search_.last; }
    std::int64_t expiry_of(const Row& row) const { return last_expiry(row); }

    const PartitionKey& key_of(std::size_t row) const { return page_->partitions[rows_.partition_of(row)].key; }

    // Reads the wanted rows in groups, each as of the latest instant that any of its rows asks for, and tells `note`
    // of each row how it is then.
    using Note = void (Search::*)(std::size_t row, const Row* later, std::int64_t at);
    static base::Task<void> probe(std::shared_ptr<Search> self, std::vector<bool> wanted,
                                  std::int64_t (Search::*instant)(const Row&) const, Note note) {
        if (self->error_ || std::find(wanted.begin(), wanted.end(), true) == wanted.end()) co_return;
        std::vector<ExpiryProbe> probes =
            probes_of(*self->search_.layout, self->search_.of_statics, self->search_.takes_lists, *self->page_, wanted);
        for (ExpiryProbe& one : probes)
            for (const std::size_t row : one.rows)
                one.where.now = std::max(one.where.now, (*self.*instant)(self->page_->rows[row]));
        std::function<base::Task<void>(ExpiryProbe)> work = [self, note](ExpiryProbe one) {
            return read_probe(self, std::move(one), note);
        };
        co_await base::for_each_at_once(std::move(probes), at_once, std::move(work));
    }

    static base::Task<void> read_probe(std::shared_ptr<Search> self, ExpiryProbe one, Note note) {
        std::vector<std::shared_ptr<const Page>> pages;  // what `there` shows
        std::unordered_map<std::string, const Row*> there;
        const std::int64_t at = one.where.now;
        one.where.page_size = 5000;
        do {
            auto page = co_await self->read(one.where);
            if (!page) {
                for (const std::size_t row : one.rows) self->refused_[row] = true;
                co_return;
            }
            for (const PartitionRows& partition : (*page)->partitions)
                for (std::size_t i = 0; i < partition.count; ++i) {
                    const Row& row = (*page)->rows[partition.first + i];
                    there.emplace(name_of(partition.key, row), &row);
                }
            const ByteView after = (*page)->answer.paging_state();
            one.where.paging_state.assign(after.begin(), after.end());
            pages.push_back(std::move(*page));
        } while (!one.where.paging_state.empty());
        for (const std::size_t row : one.rows) {
            self->refused_[row] = false;
            const auto found = there.find(name_of(self->key_of(row), self->page_->rows[row]));
            (*self.*note)(row, found == there.end() ? nullptr : found->second, at);
        }
    }

    // Null when it could not be read; error_ is set when that may pass.
    base::Task<std::optional<std::shared_ptr<const Page>>> read(PageRequest where) {
        auto page = co_await search_.read(std::move(where));
        if (page) co_return std::move(*page);
        // A cluster may refuse so many keys, or so many expired cells: then what it would have shown is not found.
        const bool is_refused = page.error().kind == base::ErrorKind::server && !driver::failure_of(page.error());
        if (!is_refused && !error_) error_ = std::move(page.error());
        co_return std::nullopt;
    }

    void note_what_stays(std::size_t number, const Row* later, std::int64_t) {
        Row& row = page_->rows[number];
        const auto untold = untold_atoms(row);
        const auto there = still_there(*search_.layout, search_.of_statics, row, later, untold);
        for (std::size_t i = 0; i < untold.size(); ++i)
            if (there[i]) row.atoms[untold[i]].stamp.is_expiry_found = true;
        // A row that is shown without cells is shown for its marker.
        if (!search_.of_statics && later != nullptr && later->atoms.empty()) row.is_marker_expiry_found = true;
    }

    void note_outliving(std::size_t row, const Row* later, std::int64_t) {
        if (later == nullptr || !later->atoms.empty()) return;
        if (outliving_.size() != page_->rows.size()) outliving_.assign(page_->rows.size(), false);
        outliving_[row] = true;
    }

    static std::vector<std::uint32_t> untold_atoms(const Row& row) {
        std::vector<std::uint32_t> untold;
        for (std::uint32_t i = 0; i < row.atoms.size(); ++i)
            if (!row.atoms[i].stamp.tells_expiry()) untold.push_back(i);
        return untold;
    }

    static base::Task<void> each_row(std::shared_ptr<Search> self, std::vector<bool> wanted) {
        std::vector<std::size_t> rows;
        for (std::size_t i = 0; i < wanted.size(); ++i)
            if (wanted[i]) rows.push_back(i);
        if (rows.empty() || self->error_) co_return;
        std::function<base::Task<void>(std::size_t)> work = [self](std::size_t row) { return search_row(self, row); };
        co_await base::for_each_at_once(std::move(rows), at_once, std::move(work));
    }

    // Atoms (or, without any, the marker) that are there at `from` and have gone at `until`.
    struct Span {
        std::vector<std::uint32_t> atoms;
        std::int64_t from, until;
    };

    // Halves each span, the likely instants first, until each of its atoms has its own.
    static base::Task<void> search_row(std::shared_ptr<Search> self, std::size_t number) {
        Row& row = self->page_->rows[number];
        self->refused_[number] = false;
        const std::int64_t likely = last_expiry(row);
        std::vector<Span> spans;
        spans.push_back(Span{untold_atoms(row), self->page_->read_at, self->search_.last});
        PageRequest where;
        where.scope = Scope::row;
        where.of_statics = self->search_.of_statics;
        where.without_stamps = true;
        where.page_size = 2;
        where.key = RowKey(self->search_.of_statics, self->key_of(number), row.clustering);
        while (!spans.empty() && !self->error_) {
            Span span = std::move(spans.back());
            spans.pop_back();
            const bool is_marker = span.atoms.empty();
            if (span.until - span.from <= 1) {
                for (const std::uint32_t atom : span.atoms) {
                    row.atoms[atom].stamp.is_expiry_found = true;
                    row.atoms[atom].stamp.expires_at = span.until;
                }
                if (is_marker) row.is_marker_expiry_found = true;
                if (is_marker) row.marker_expires_at = span.until;
                continue;
            }
            where.now = self->next_instant(span, likely);
            auto page = co_await self->read(where);
            self->refused_[number] = !page;
            if (!page) co_return;
            const Row* const later = (*page)->rows.empty() ? nullptr : &(*page)->rows.front();
            Span going{{}, span.from, where.now}, staying{{}, where.now, span.until};
            if (is_marker) {
                spans.push_back(later != nullptr ? std::move(staying) : std::move(going));
                continue;
            }
            const auto there = still_there(*self->search_.layout, self->search_.of_statics, row, later, span.atoms);
            for (std::size_t i = 0; i < span.atoms.size(); ++i)
                (there[i] ? staying : going).atoms.push_back(span.atoms[i]);
            if (!going.atoms.empty()) spans.push_back(std::move(going));
            if (!staying.atoms.empty()) spans.push_back(std::move(staying));
        }
    }

    std::int64_t next_instant(const Span& span, std::int64_t likely) const {
        for (const std::int64_t instant : {likely - 1, likely})
            if (likely != 0 && instant > span.from && instant < span.until) return instant;
        const std::int64_t middle = span.from + (span.until - span.from) / 2;
        if (span.until != search_.last) return middle;
        // Most TTLs are hours or days, not decades.
        return std::min(middle, span.from + std::max(first_step_seconds, 4 * (span.from - page_->read_at)));
    }

    ExpirySearch search_;
    const std::shared_ptr<Page> page_;
    const PageRows rows_;
    std::vector<bool> outliving_;  // rows that are shown after all their cells have gone
    std::vector<bool> refused_;    // rows whose last read the cluster refused
    std::optional<base::Error> error_;
};

}  // namespace

std::vector<ExpiryProbe> probes_of(const Layout& layout, bool of_statics, bool takes_lists, const Page& page,
                                   const std::vector<bool>& wanted) {
    return ProbeMaker(layout, of_statics, takes_lists, page, wanted).make();
}

base::Task<base::Result<void>> find_expiries(ExpirySearch search, std::shared_ptr<Page> page) {
    const auto running = std::make_shared<Search>(std::move(search), std::move(page));
    auto found = co_await running->run();
    co_return found;
}

}  // namespace crossfade::cells
