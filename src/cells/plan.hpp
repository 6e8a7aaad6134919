// Which writes give the target the origin's cells, each with its own stamp. Pure; what is chosen and why is in
// docs/migrate.md.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "cells/cell.hpp"
#include "cells/compare.hpp"
#include "cells/layout.hpp"
#include "cells/write.hpp"

namespace crossfade::cells {

// Stamps from the default timestamp on that only copying gives: copied cells whose own stamp could not be read may be
// rewritten within these, and still lose to every live write.
constexpr std::int64_t copied_stamps = 1000;

struct PlanOptions {
    PlanOptions() = default;
    std::int64_t default_timestamp = 1;  // for what CQL cannot tell the writetime of
    // Whether rows get a marker, as INSERT gives them, when it cannot be known whether they have one. Rows without a
    // live cell have one for certain, and get it anyway.
    bool writes_markers = true;
};

// Which differences a repair settles.
struct RepairKinds {
    bool missing = true, different = true, extra = false;
    bool operator==(const RepairKinds&) const = default;
};

// Why a difference is not repaired.
enum class Left : std::uint8_t {
    none,             // it is
    not_asked,        // its kind is not among those to repair
    newer_on_target,  // the target's cell was written later
    no_stamp,         // to be deleted, and CQL does not tell its stamp
    list_order,       // what is missing from the list belongs between elements that are there
};
std::string_view reason_of(Left left);  // the end of a sentence: "newer on the target", …

// Writes to one partition, and the bytes that had to be put together for them. Grows as rows are planned; the pages
// that the rows are views of outlive it.
struct Plan {
    Plan() = default;
    Plan(const Plan&) = delete;
    Plan& operator=(const Plan&) = delete;
    Plan(Plan&&) = default;
    Plan& operator=(Plan&&) = default;

    std::vector<Write> writes;
    std::deque<Bytes> made;
    // Of what was planned with copy_…() since the plan was made.
    std::uint64_t default_stamped_cells = 0;  // cells whose own writetime CQL cannot tell
    std::uint64_t key_only_rows = 0;          // rows without a live cell: their marker got the default timestamp
    std::uint64_t unsettled_lists =
        0;  // what is missing from them belongs between elements that are there: not written
    std::int64_t newest_writetime = 0;  // microseconds
};

// One for each table; immutable.
class Planner {
public:
    Planner(std::shared_ptr<const Layout> layout, PlanOptions options);

    // All cells of a row, grouped by stamp. `target` is the row that the target has: only lists need it (elements that
    // it has are not added again); null means that it has none.
    void copy_row(const Row& origin, const Row* target, Plan& plan) const { copy(false, origin, target, plan); }
    void copy_statics(const Row& origin, const Row* target, Plan& plan) const { copy(true, origin, target, plan); }

    // What makes the target's lists, as they are now, the origin's; nothing else of the row. Elements that are too many
    // are taken out one by one where it is certain that copying put them there.
    void settle_lists(bool of_statics, const Row& origin, const Row& target, Plan& plan) const;

    // What settles `difference` between the two rows as far as `kinds` allow.
    void repair(bool of_statics, const Row* origin, const Row* target, const RowDifference& difference,
                RepairKinds kinds, Plan& plan) const;
    // Why repair() would leave a missing or extra row, or one cell of a row that differs, as it is.
    Left why_left(bool of_statics, const Row* origin, const Row* target, const RowDifference& difference,
                  const CellDifference* cell, RepairKinds kinds) const;

    // Deletes everything in a row that has a stamp known to be at or below `newest`, at exactly the stamps seen.
    void delete_cells(bool of_statics, const Row& row, std::int64_t newest, Plan& plan) const;
    // Deletes one cell of a row at exactly its stamp; of a list that is not frozen, all of it up to that stamp.
    // Precondition: it is known.
    void delete_cell(bool of_statics, const Row& row, std::uint32_t column, const Atom& atom, Plan& plan) const;

    // Counters: what has to be added to `target` (null: no such row) to reach `origin`.
    void add_counters(bool of_statics, const Row& origin, const Row* target, Plan& plan) const;

    const Layout& layout() const { return *layout_; }
    const PlanOptions& options() const { return options_; }

private:
    // A cell to be written, with the stamp that it gets.
    struct Stamped {
        std::uint32_t column;
        const Atom* atom;
        std::int64_t writetime, expires_at;
    };
    struct Marker {
        std::int64_t writetime, expires_at;
    };
    struct Groups;

    void copy(bool of_statics, const Row& origin, const Row* target, Plan& plan) const;
    std::optional<Marker> marker_of(const Row& row) const;
    void write_cells(bool of_statics, const std::vector<ByteView>* clustering, const std::vector<Stamped>& cells,
                     std::optional<Marker> marker, Plan& plan) const;
    // False, with nothing planned, when what is missing belongs between elements that are there, or elements are too
    // many that may not go. Without a plan it only tells.
    bool write_list(bool of_statics, std::uint32_t column, const Row& origin, const Row* target,
                    std::int64_t guessed_expiry, bool takes_out, Plan* plan) const;
    bool take_out(bool of_statics, std::uint32_t column, const Row& origin, const Row& target, bool takes_out_all,
                  Plan* plan) const;
    void repair_cell(bool of_statics, const Row& origin, const Row& target, const CellDifference& cell,
                     std::int64_t guessed_expiry, RepairKinds kinds, std::vector<Stamped>& cells, Plan& plan) const;
    Stamped stamped(std::uint32_t column, const Atom& atom, std::int64_t guessed_expiry) const;
    bool is_copied(const Stamp& stamp) const;

    std::shared_ptr<const Layout> layout_;
    PlanOptions options_;
    // For each column: its place in the values of an insert_row (regulars only), of an update.
    std::vector<std::int32_t> insert_slots_;
    std::vector<std::int32_t> update_slots_[2];
    std::size_t insert_size_ = 0, update_sizes_[2] = {0, 0};
};

}  // namespace crossfade::cells
