#include "cells/reconcile_plan.hpp"

#include <algorithm>
#include <set>
#include <span>
#include <vector>

namespace crossfade::cells {
namespace {

using Kind = CellDifference::Kind;

class Reconciliation {
public:
    Reconciliation(const Planner& planner, bool of_statics, Side primary, const Row* origin, const Row* target,
                   std::int64_t fresh, bool insists, ReconcilePlan& plan, std::int64_t keep_older_than)
        : planner_(planner),
          columns_(planner.layout().cells(of_statics)),
          of_statics_(of_statics),
          fresh_(fresh),
          insists_(insists),
          keep_older_than_(keep_older_than),
          out_(plan),
          primary_is_origin_(primary == Side::origin),
          primary_(primary_is_origin_ ? origin : target),
          other_(primary_is_origin_ ? target : origin) {}

    void row(const RowDifference& difference) {
        if (other_ == nullptr) {
            // Also when the primary's row has cells of unknown stamp: they lose to whatever deleted them, and then it
            // insists.
            if (insists_)
                rewrite_row();
            else
                planner_.copy_row(*primary_, nullptr, to_other());
            return;
        }
        if (primary_ == nullptr) {
            delete_row();
            return;
        }
        for (const CellDifference& one : difference.cells) cell(one);
    }

    // Statics have no row that is there or not: a side without any has an empty one.
    void statics() {
        const Row empty = empty_row();
        if (primary_ == nullptr) primary_ = &empty;
        if (other_ == nullptr) other_ = &empty;
        const Row* const origin = primary_is_origin_ ? primary_ : other_;
        const Row* const target = primary_is_origin_ ? other_ : primary_;
        const RowDifference difference = compare_rows(planner_.layout(), true, origin, target);
        for (const CellDifference& one : difference.cells) cell(one);
    }

private:
    Plan& to_other() { return primary_is_origin_ ? out_.to_target : out_.to_origin; }
    Plan& to_primary() { return primary_is_origin_ ? out_.to_origin : out_.to_target; }

    // Whether it stays although the primary lacks it.
    bool is_kept(const Atom& theirs) const {
        return keep_older_than_ != 0 && !(theirs.stamp.is_known && theirs.stamp.writetime >= keep_older_than_);
    }
    // Whether their list has an element that would go and is to stay.
    bool keeps_element(std::span<const Atom> mine, std::span<const Atom> theirs) const {
        std::vector<ByteView> left;
        for (const Atom& atom : mine) left.push_back(atom.value);
        for (const Atom& atom : theirs) {
            const auto same =
                std::ranges::find_if(left, [&](ByteView value) { return std::ranges::equal(value, atom.value); });
            if (same != left.end())
                left.erase(same);
            else if (is_kept(atom))
                return true;
        }
        return false;
    }

    Row empty_row() const {
        Row row;
        row.ends.assign(columns_.size(), 0);
        return row;
    }

    Write& begin(Plan& plan, Write::Kind kind, std::uint32_t column, std::int64_t timestamp, const Row& row) {
        Write& write = plan.writes.emplace_back();
        write.kind = kind;
        write.of_statics = of_statics_;
        write.column = column;
        write.timestamp = timestamp;
        write.clustering = of_statics_ ? nullptr : &row.clustering;
        return write;
    }

    // One cell under a stamp of our choice.
    void write_atom(Plan& plan, std::uint32_t column, const Atom& atom, std::int64_t timestamp, std::int64_t expires_at,
                    const Row& row) {
        const LayoutColumn& of = columns_[column];
        Write& write = begin(plan, Write::Kind::update, column, timestamp, row);
        write.expires_at = expires_at;
        const auto all = slots(planner_.layout(), Write::Kind::update, of_statics_);
        write.values.assign(all.size(), {cql::ValueView::State::unset, {}});
        ByteView value = atom.value;
        if (of.shape == Shape::set || of.shape == Shape::map) {
            Bytes& bytes = plan.made.emplace_back();
            cql::Writer out(bytes);
            out.int_number(1);
            out.bytes(atom.key);
            if (of.shape == Shape::map) out.bytes(atom.value);
            value = bytes;
        }
        const std::int32_t field = of.shape == Shape::udt ? static_cast<std::int32_t>(field_of(atom.key)) : -1;
        for (std::size_t i = 0; i < all.size(); ++i)
            if (all[i].column == column && all[i].field == field)
                write.values[i] = {cql::ValueView::State::bytes, value};
    }

    void delete_atom(Plan& plan, std::uint32_t column, const Atom& atom, std::int64_t timestamp, const Row& row) {
        const bool is_element = columns_[column].shape != Shape::single && columns_[column].shape != Shape::list;
        Write& write =
            begin(plan, is_element ? Write::Kind::delete_element : Write::Kind::delete_column, column, timestamp, row);
        if (is_element) write.element = atom.key;
    }

    // Above both stamps where they are known; else an instant that what was seen is older than.
    std::int64_t deciding_stamp(const Atom* a, const Atom* b) {
        std::int64_t stamp = INT64_MIN;
        bool all_known = true;
        for (const Atom* atom : {a, b}) {
            if (atom == nullptr) continue;
            if (atom->stamp.is_known)
                stamp = std::max(stamp, atom->stamp.writetime + 1);
            else
                all_known = false;
        }
        // A deletion that hides the primary's cell has a stamp that nobody tells.
        if (!all_known || (insists_ && (a == nullptr || b == nullptr))) stamp = std::max(stamp, fresh_);
        out_.latest_stamp = std::max(out_.latest_stamp, stamp);
        return stamp;
    }

    void rewrite(std::uint32_t column, const Atom& mine, const Atom* theirs) {
        const std::int64_t stamp = deciding_stamp(&mine, theirs);
        for (Plan* plan : {&to_primary(), &to_other()})
            write_atom(*plan, column, mine, stamp, mine.stamp.expires_at, *primary_);
    }

    // Both sides get the primary's list as a whole.
    void rewrite_list(std::uint32_t column) {
        if (!done_lists_.insert(column).second) return;
        const auto mine = primary_->column(column), theirs = other_->column(column);
        if (keeps_element(mine, theirs)) {
            out_.has_kept = true;
            return;
        }
        std::int64_t stamp = INT64_MIN, expires_at = 0;
        bool all_known = true, all_expire = true;
        for (const auto atoms : {mine, theirs}) {
            for (const Atom& atom : atoms) {
                if (atom.stamp.is_known)
                    stamp = std::max(stamp, atom.stamp.writetime + 1);
                else
                    all_known = false;
            }
        }
        for (const Atom& atom : mine) {
            all_expire = all_expire && atom.stamp.expires_at != 0;
            expires_at = std::max(expires_at, atom.stamp.expires_at);
        }
        if (mine.empty()) {
            // What the primary lacks goes at the stamp that it was seen with.
            const std::int64_t seen = all_known ? stamp - 1 : fresh_;
            if (!all_known) out_.latest_stamp = std::max(out_.latest_stamp, seen);
            begin(to_other(), Write::Kind::delete_column, column, seen, *primary_);
            return;
        }
        if (!all_known || insists_) stamp = std::max(stamp, fresh_);
        out_.latest_stamp = std::max(out_.latest_stamp, stamp);
        for (Plan* plan : {&to_primary(), &to_other()}) {
            Bytes& bytes = plan->made.emplace_back();
            cql::Writer out(bytes);
            out.int_number(static_cast<std::int32_t>(mine.size()));
            for (const Atom& atom : mine) out.bytes(atom.value);
            Write& write = begin(*plan, Write::Kind::overwrite, column, stamp, *primary_);
            write.expires_at = all_expire ? expires_at : 0;
            write.values.push_back({cql::ValueView::State::bytes, bytes});
        }
    }

    void cell(const CellDifference& one) {
        if (columns_[one.column].shape == Shape::list) {
            rewrite_list(one.column);
            return;
        }
        const Atom* const mine = primary_is_origin_ ? one.origin : one.target;
        const Atom* const theirs = primary_is_origin_ ? one.target : one.origin;
        if (mine == nullptr) {
            if (is_kept(*theirs)) {
                out_.has_kept = true;
                return;
            }
            std::int64_t stamp = theirs->stamp.writetime;
            if (!theirs->stamp.is_known) out_.latest_stamp = std::max(out_.latest_stamp, stamp = fresh_);
            delete_atom(to_other(), one.column, *theirs, stamp, *other_or_primary());
            return;
        }
        if (theirs == nullptr && mine->stamp.is_known && !insists_) {
            write_atom(to_other(), one.column, *mine, mine->stamp.writetime, mine->stamp.expires_at, *primary_);
            return;
        }
        const bool decides = theirs != nullptr && mine->stamp.is_known && theirs->stamp.is_known && !insists_ &&
                             mine->stamp.writetime != theirs->stamp.writetime;
        if (!decides) {
            rewrite(one.column, *mine, theirs);
        } else if (mine->stamp.writetime > theirs->stamp.writetime) {
            write_atom(to_other(), one.column, *mine, mine->stamp.writetime, mine->stamp.expires_at, *primary_);
        } else {
            write_atom(to_primary(), one.column, *theirs, theirs->stamp.writetime, theirs->stamp.expires_at, *other_);
        }
    }

    const Row* other_or_primary() const { return other_ != nullptr ? other_ : primary_; }

    // Of a row that the primary lacks: the cells that need not stay.
    void delete_new_cells() {
        const Row empty = empty_row();
        primary_ = &empty;
        for (std::uint32_t column = 0; column < columns_.size(); ++column) {
            if (columns_[column].shape == Shape::list) {
                if (!other_->column(column).empty()) rewrite_list(column);
                continue;
            }
            for (const Atom& atom : other_->column(column)) {
                if (!is_kept(atom)) delete_atom(to_other(), column, atom, atom.stamp.writetime, *other_);
            }
        }
        primary_ = nullptr;
    }

    void delete_row() {
        if (keep_older_than_ != 0 &&
            (other_->atoms.empty() ||
             std::ranges::any_of(other_->atoms, [this](const Atom& atom) { return is_kept(atom); }))) {
            out_.has_kept = true;
            delete_new_cells();
            return;
        }
        std::int64_t newest = INT64_MIN;
        bool all_known = !other_->atoms.empty();
        for (const Atom& atom : other_->atoms) {
            if (atom.stamp.is_known)
                newest = std::max(newest, atom.stamp.writetime);
            else
                all_known = false;
        }
        // A row that is still there after its cells went has a marker, whose stamp nobody tells.
        if (!all_known || insists_) out_.latest_stamp = std::max(out_.latest_stamp, newest = std::max(newest, fresh_));
        begin(to_other(), Write::Kind::delete_row, 0, newest, *other_);
    }

    void rewrite_row() {
        for (Plan* plan : {&to_primary(), &to_other()}) {
            Write& marker = begin(*plan, Write::Kind::insert_row, 0, fresh_, *primary_);
            marker.values.assign(slots(planner_.layout(), Write::Kind::insert_row, false).size(),
                                 {cql::ValueView::State::unset, {}});
            marker.expires_at = primary_->marker_expires_at;
        }
        out_.latest_stamp = std::max(out_.latest_stamp, fresh_);
        const Row empty = empty_row();
        other_ = &empty;
        for (std::uint32_t column = 0; column < columns_.size(); ++column) {
            if (columns_[column].shape == Shape::list) {
                if (!primary_->column(column).empty()) rewrite_list(column);
                continue;
            }
            for (const Atom& atom : primary_->column(column)) rewrite(column, atom, nullptr);
        }
        other_ = nullptr;
    }

    const Planner& planner_;
    const std::vector<LayoutColumn>& columns_;
    const bool of_statics_;
    const std::int64_t fresh_;
    const bool insists_;
    const std::int64_t keep_older_than_;
    ReconcilePlan& out_;
    const bool primary_is_origin_;
    const Row* primary_;
    const Row* other_;
    std::set<std::uint32_t> done_lists_;
};

}  // namespace

void plan_reconciliation(const Planner& planner, bool of_statics, Side primary, const Row* origin, const Row* target,
                         const RowDifference& difference, std::int64_t fresh, bool insists, ReconcilePlan& plan,
                         std::int64_t keep_older_than) {
    if (difference.kind == RowDifference::Kind::none) return;
    Reconciliation reconciliation(planner, of_statics, primary, origin, target, fresh, insists, plan, keep_older_than);
    if (of_statics)
        reconciliation.statics();
    else
        reconciliation.row(difference);
}

bool plan_truncation(const Planner& planner, bool of_statics, Side truncated, const Row* origin, const Row* target,
                     std::int64_t before, ReconcilePlan& plan) {
    const bool is_origin = truncated == Side::origin;
    const Row* const emptied = is_origin ? origin : target;
    const Row* const other = is_origin ? target : origin;
    Plan& out = is_origin ? plan.to_target : plan.to_origin;
    if (other == nullptr) return false;
    bool has_unknown = other->atoms.empty() && emptied == nullptr;
    for (const Atom& atom : other->atoms) has_unknown = has_unknown || !atom.stamp.is_known;
    if (emptied == nullptr) {
        planner.delete_cells(of_statics, *other, before - 1, out);
        return has_unknown;
    }
    has_unknown = false;
    const RowDifference difference = compare_rows(planner.layout(), of_statics, origin, target);
    for (const CellDifference& cell : difference.cells) {
        if (cell.kind != (is_origin ? Kind::extra : Kind::missing)) continue;
        const Atom& lacking = is_origin ? *cell.target : *cell.origin;
        if (!lacking.stamp.is_known)
            has_unknown = true;
        else if (lacking.stamp.writetime < before)
            planner.delete_cell(of_statics, *other, cell.column, lacking, out);
    }
    return has_unknown;
}

}  // namespace crossfade::cells
