#include "cells/plan.hpp"

#include <algorithm>

namespace crossfade::cells {
namespace {

using Kind = CellDifference::Kind;

std::optional<std::int64_t> newest_stamp(const Row& row) {
    std::optional<std::int64_t> newest;
    for (const Atom& atom : row.atoms)
        if (atom.stamp.is_known) newest = std::max(newest.value_or(INT64_MIN), atom.stamp.writetime);
    return newest;
}

}  // namespace

std::string_view reason_of(Left left) {
    switch (left) {
        case Left::none:
            return "";
        case Left::not_asked:
            return "not asked for";
        case Left::newer_on_target:
            return "newer on the target";
        case Left::no_stamp:
            return "its stamp cannot be read";
        case Left::list_order:
            return "the missing elements belong between others of the list";
    }
    return "";
}

Planner::Planner(std::shared_ptr<const Layout> layout, PlanOptions options)
    : layout_(std::move(layout)), options_(options) {
    const auto place = [this](Write::Kind kind, bool of_statics, std::vector<std::int32_t>& places) {
        const auto all = slots(*layout_, kind, of_statics);
        places.assign(layout_->cells(of_statics).size(), -1);
        for (std::size_t i = 0; i < all.size(); ++i)
            if (all[i].field <= 0) places[all[i].column] = static_cast<std::int32_t>(i);
        return all.size();
    };
    insert_size_ = place(Write::Kind::insert_row, false, insert_slots_);
    update_sizes_[0] = place(Write::Kind::update, false, update_slots_[0]);
    update_sizes_[1] = place(Write::Kind::update, true, update_slots_[1]);
}

bool Planner::is_copied(const Stamp& stamp) const {
    return stamp.is_known && stamp.writetime >= options_.default_timestamp &&
           stamp.writetime < options_.default_timestamp + copied_stamps;
}

Planner::Stamped Planner::stamped(std::uint32_t column, const Atom& atom, std::int64_t guessed_expiry) const {
    if (atom.stamp.is_known) return {column, &atom, atom.stamp.writetime, atom.stamp.expires_at};
    return {column, &atom, options_.default_timestamp,
            atom.stamp.is_expiry_found ? atom.stamp.expires_at : guessed_expiry};
}

std::optional<Planner::Marker> Planner::marker_of(const Row& row) const {
    // Nothing but a marker can show a row without cells. Its stamps cannot be told.
    if (row.atoms.empty()) return Marker{options_.default_timestamp, row.marker_expires_at};
    if (!options_.writes_markers) return std::nullopt;
    std::optional<Marker> marker;
    for (const Atom& atom : row.atoms) {
        if (!atom.stamp.is_known) continue;
        if (!marker) marker = Marker{atom.stamp.writetime, 0};
        marker->writetime = std::min(marker->writetime, atom.stamp.writetime);
    }
    if (!marker) marker = Marker{options_.default_timestamp, 0};
    marker->expires_at = row.is_marker_expiry_found ? row.marker_expires_at : last_expiry(row);
    return marker;
}

void Planner::copy(bool of_statics, const Row& origin, const Row* target, Plan& plan) const {
    const std::int64_t guessed = last_expiry(origin);
    std::vector<Stamped> cells;
    cells.reserve(origin.atoms.size());
    const auto& columns = layout_->cells(of_statics);
    for (std::uint32_t i = 0; i < columns.size(); ++i) {
        for (const Atom& atom : origin.column(i)) {
            if (!atom.stamp.is_known)
                ++plan.default_stamped_cells;
            else
                plan.newest_writetime = std::max(plan.newest_writetime, atom.stamp.writetime);
            if (columns[i].shape != Shape::list) cells.push_back(stamped(i, atom, guessed));
        }
    }
    if (!of_statics && origin.atoms.empty()) ++plan.key_only_rows;
    write_cells(of_statics, of_statics ? nullptr : &origin.clustering, cells,
                of_statics ? std::nullopt : marker_of(origin), plan);
    for (std::uint32_t i = 0; i < columns.size(); ++i)
        if (columns[i].shape == Shape::list && !origin.column(i).empty() &&
            !write_list(of_statics, i, origin, target, guessed, false, &plan))
            ++plan.unsettled_lists;
}

void Planner::settle_lists(bool of_statics, const Row& origin, const Row& target, Plan& plan) const {
    const auto& columns = layout_->cells(of_statics);
    for (std::uint32_t i = 0; i < columns.size(); ++i)
        if (columns[i].shape == Shape::list &&
            !write_list(of_statics, i, origin, &target, last_expiry(origin), false, &plan))
            ++plan.unsettled_lists;
}

// Cells of one row by their stamps: an update for each stamp, and an insert for the marker's. Writes are found by
// number, because the plan's vector grows meanwhile.
struct Planner::Groups {
    struct Group {
        std::int64_t writetime, expires_at;
        std::int64_t insert = -1, update = -1;
        std::int64_t open = -1;  // index in Plan::made of the collection that is being put together
        std::int32_t open_count = 0;
    };
    const Planner& planner;
    Plan& plan;
    const bool of_statics;
    const std::vector<ByteView>* const clustering;
    std::vector<Group> groups{};

    Group& of(std::int64_t writetime, std::int64_t expires_at) {
        for (Group& group : groups)
            if (group.writetime == writetime && group.expires_at == expires_at) return group;
        return groups.emplace_back(Group{writetime, expires_at});
    }
    Write& begin(Group& group, Write::Kind kind, std::int64_t& number, std::size_t size) {
        if (number < 0) {
            number = static_cast<std::int64_t>(plan.writes.size());
            Write& write = plan.writes.emplace_back();
            write.kind = kind;
            write.of_statics = of_statics;
            write.values.assign(size, {cql::ValueView::State::unset, {}});
            write.timestamp = group.writetime;
            write.expires_at = group.expires_at;
            write.clustering = clustering;
        }
        return plan.writes[static_cast<std::size_t>(number)];
    }
    Write& insert(Group& group) { return begin(group, Write::Kind::insert_row, group.insert, planner.insert_size_); }
    Write& update(Group& group) {
        return begin(group, Write::Kind::update, group.update, planner.update_sizes_[of_statics]);
    }

    void add_single(const Stamped& cell) {
        Group& group = of(cell.writetime, cell.expires_at);
        cql::ValueView& value =
            group.insert >= 0
                ? insert(group).values[static_cast<std::size_t>(planner.insert_slots_[cell.column])]
                : update(group).values[static_cast<std::size_t>(planner.update_slots_[of_statics][cell.column])];
        value = {cql::ValueView::State::bytes, cell.atom->value};
    }
    void add_field(const Stamped& cell) {
        Group& group = of(cell.writetime, cell.expires_at);
        const std::size_t first = static_cast<std::size_t>(planner.update_slots_[of_statics][cell.column]);
        update(group).values[first + field_of(cell.atom->key)] = {cql::ValueView::State::bytes, cell.atom->value};
    }
    void add_element(const Stamped& cell, bool is_map) {
        Group& group = of(cell.writetime, cell.expires_at);
        if (group.open < 0) {
            group.open = static_cast<std::int64_t>(plan.made.size());
            group.open_count = 0;
            cql::Writer(plan.made.emplace_back()).int_number(0);
        }
        cql::Writer out(plan.made[static_cast<std::size_t>(group.open)]);
        out.bytes(cell.atom->key);
        if (is_map) out.bytes(cell.atom->value);
        ++group.open_count;
    }
    // All elements of the column are there: their collections become values of the updates.
    void close_elements(std::uint32_t column) {
        for (Group& group : groups) {
            if (group.open < 0) continue;
            Bytes& bytes = plan.made[static_cast<std::size_t>(group.open)];
            cql::Writer(bytes).patch_int(0, group.open_count);
            update(group).values[static_cast<std::size_t>(planner.update_slots_[of_statics][column])] = {
                cql::ValueView::State::bytes, bytes};
            group.open = -1;
        }
    }
};

void Planner::write_cells(bool of_statics, const std::vector<ByteView>* clustering, const std::vector<Stamped>& cells,
                          std::optional<Marker> marker, Plan& plan) const {
    Groups groups{*this, plan, of_statics, clustering};
    if (marker) groups.insert(groups.of(marker->writetime, marker->expires_at));
    const auto& columns = layout_->cells(of_statics);
    for (std::size_t i = 0; i < cells.size(); ++i) {
        const std::uint32_t column = cells[i].column;
        const Shape shape = columns[column].shape;
        if (shape == Shape::single)
            groups.add_single(cells[i]);
        else if (shape == Shape::udt)
            groups.add_field(cells[i]);
        else
            groups.add_element(cells[i], shape == Shape::map);
        const bool is_last = i + 1 == cells.size() || cells[i + 1].column != column;
        if (is_last && (shape == Shape::set || shape == Shape::map)) groups.close_elements(column);
    }
}

void Planner::delete_cell(bool of_statics, const Row& row, std::uint32_t column, const Atom& atom, Plan& plan) const {
    Write& write = plan.writes.emplace_back();
    const Shape shape = layout_->cells(of_statics)[column].shape;
    const bool is_whole = shape == Shape::single || shape == Shape::list;
    write.kind = is_whole ? Write::Kind::delete_column : Write::Kind::delete_element;
    write.of_statics = of_statics;
    write.column = column;
    if (!is_whole) write.element = atom.key;
    write.timestamp = atom.stamp.writetime;
    write.clustering = of_statics ? nullptr : &row.clustering;
}

void Planner::delete_cells(bool of_statics, const Row& row, std::int64_t newest, Plan& plan) const {
    const auto& columns = layout_->cells(of_statics);
    if (!of_statics) {
        // One deletion of the row takes its marker too; it must not take what is newer than was asked for.
        const auto stamp = newest_stamp(row);
        if (stamp && *stamp <= newest) {
            Write& write = plan.writes.emplace_back();
            write.kind = Write::Kind::delete_row;
            write.timestamp = *stamp;
            write.clustering = &row.clustering;
            return;
        }
    }
    for (std::uint32_t i = 0; i < columns.size(); ++i) {
        const Atom* of_list = nullptr;
        for (const Atom& atom : row.column(i)) {
            if (!atom.stamp.is_known || atom.stamp.writetime > newest) continue;
            if (columns[i].shape != Shape::list)
                delete_cell(of_statics, row, i, atom, plan);
            else if (of_list == nullptr || of_list->stamp.writetime < atom.stamp.writetime)
                of_list = &atom;
        }
        if (of_list != nullptr) delete_cell(of_statics, row, i, *of_list, plan);
    }
}

void Planner::repair_cell(bool of_statics, const Row& origin, const Row& target, const CellDifference& cell,
                          std::int64_t guessed_expiry, RepairKinds kinds, std::vector<Stamped>& cells,
                          Plan& plan) const {
    if (cell.kind == Kind::extra) {
        delete_cell(of_statics, target, cell.column, *cell.target, plan);
        return;
    }
    if (layout_->cells(of_statics)[cell.column].shape == Shape::list) {
        write_list(of_statics, cell.column, origin, &target, guessed_expiry, kinds.extra, &plan);
        return;
    }
    Stamped written = stamped(cell.column, *cell.origin, guessed_expiry);
    // An earlier copy gave the cell the default timestamp, and the origin's changed since: the next stamp wins over
    // that copy, and over nothing live.
    if (!cell.origin->stamp.is_known && cell.target != nullptr) {
        if (is_copied(cell.target->stamp))
            written.writetime = cell.target->stamp.writetime + 1;
        else if (!cell.target->stamp.is_known)
            written.writetime = options_.default_timestamp + 1;
    }
    cells.push_back(written);
}

void Planner::repair(bool of_statics, const Row* origin, const Row* target, const RowDifference& difference,
                     RepairKinds kinds, Plan& plan) const {
    if (difference.kind == RowDifference::Kind::none) return;
    if (layout_->is_counter) {
        const bool is_asked = difference.kind == RowDifference::Kind::missing ? kinds.missing : kinds.different;
        if (origin != nullptr && is_asked) add_counters(of_statics, *origin, target, plan);
        return;
    }
    if (difference.kind == RowDifference::Kind::missing) {
        if (kinds.missing) copy(of_statics, *origin, nullptr, plan);
        return;
    }
    if (difference.kind == RowDifference::Kind::extra) {
        if (kinds.extra) delete_cells(of_statics, *target, INT64_MAX, plan);
        return;
    }
    const std::int64_t guessed = last_expiry(*origin);
    std::vector<Stamped> cells;
    for (const CellDifference& cell : difference.cells)
        if (why_left(of_statics, origin, target, difference, &cell, kinds) == Left::none)
            repair_cell(of_statics, *origin, *target, cell, guessed, kinds, cells, plan);
    if (!cells.empty()) write_cells(of_statics, of_statics ? nullptr : &origin->clustering, cells, std::nullopt, plan);
}

Left Planner::why_left(bool of_statics, const Row* origin, const Row* target, const RowDifference& difference,
                       const CellDifference* cell, RepairKinds kinds) const {
    switch (difference.kind) {
        case RowDifference::Kind::none:
            return Left::none;
        case RowDifference::Kind::missing:
            return kinds.missing ? Left::none : Left::not_asked;
        case RowDifference::Kind::extra:
            if (!kinds.extra) return Left::not_asked;
            return newest_stamp(*target) ? Left::none : Left::no_stamp;
        case RowDifference::Kind::different:
            break;
    }
    if (cell == nullptr) return Left::none;
    if (cell->target_is_newer) return Left::newer_on_target;
    switch (cell->kind) {
        case Kind::missing:
            return kinds.missing || kinds.different ? Left::none : Left::not_asked;
        case Kind::extra:
            if (!kinds.extra) return Left::not_asked;
            return cell->target->stamp.is_known ? Left::none : Left::no_stamp;
        case Kind::value:
            // The target's stamp is known, the origin's is not, and no copy gave it: somebody wrote it.
            if (!cell->origin->stamp.is_known && cell->target->stamp.is_known && !is_copied(cell->target->stamp) &&
                !layout_->is_counter)
                return Left::newer_on_target;
            return kinds.different ? Left::none : Left::not_asked;
        case Kind::writetime:
        case Kind::ttl:
            if (!kinds.different) return Left::not_asked;
            return layout_->cells(of_statics)[cell->column].shape == Shape::list ? Left::list_order : Left::none;
        case Kind::list:
            if (!kinds.different) return Left::not_asked;
            return write_list(of_statics, cell->column, *origin, target, 0, kinds.extra, nullptr) ? Left::none
                                                                                                  : Left::list_order;
    }
    return Left::none;
}

void Planner::add_counters(bool of_statics, const Row& origin, const Row* target, Plan& plan) const {
    const auto& columns = layout_->cells(of_statics);
    Write write;
    write.kind = Write::Kind::add;
    write.of_statics = of_statics;
    write.clustering = of_statics ? nullptr : &origin.clustering;
    write.values.assign(columns.size(), {cql::ValueView::State::unset, {}});
    bool adds = false;
    const auto count_of = [](std::span<const Atom> atoms) {
        return atoms.empty() || atoms[0].value.size() != 8
                   ? std::uint64_t{0}
                   : static_cast<std::uint64_t>(cql::Reader(atoms[0].value).long_number());
    };
    for (std::uint32_t i = 0; i < columns.size(); ++i) {
        if (origin.column(i).empty()) continue;
        const bool is_there = target != nullptr && !target->column(i).empty();
        const std::uint64_t delta = count_of(origin.column(i)) - (is_there ? count_of(target->column(i)) : 0);
        // A counter of 0 that the target lacks is made by adding 0.
        if (delta == 0 && is_there) continue;
        Bytes& bytes = plan.made.emplace_back();
        cql::Writer(bytes).long_number(static_cast<std::int64_t>(delta));
        write.values[i] = {cql::ValueView::State::bytes, bytes};
        adds = true;
    }
    if (adds) plan.writes.push_back(std::move(write));
}

}  // namespace crossfade::cells
