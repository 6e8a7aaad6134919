#include "cells/compare.hpp"

#include <algorithm>
#include <cstdlib>

namespace crossfade::cells {
namespace {

using Kind = CellDifference::Kind;

bool expiries_agree(std::int64_t a, std::int64_t b) {
    if ((a == 0) != (b == 0)) return false;
    return std::llabs(a - b) <= expiry_tolerance_seconds;
}

// Adds what differs between two atoms of one identity.
void compare_atoms(std::uint32_t column, const Atom& origin, const Atom& target, std::vector<CellDifference>& out) {
    const bool are_known = origin.stamp.is_known && target.stamp.is_known;
    CellDifference difference;
    difference.column = column;
    difference.origin = &origin;
    difference.target = &target;
    difference.target_is_newer = are_known && target.stamp.writetime > origin.stamp.writetime;
    if (!equal(origin.value, target.value))
        difference.kind = Kind::value;
    else if (are_known && origin.stamp.writetime != target.stamp.writetime)
        difference.kind = Kind::writetime;
    else if (are_known && !expiries_agree(origin.stamp.expires_at, target.stamp.expires_at))
        difference.kind = Kind::ttl;
    else
        return;
    out.push_back(difference);
}

void add_one_sided(std::uint32_t column, const Atom* origin, const Atom* target, std::vector<CellDifference>& out) {
    CellDifference difference;
    difference.kind = origin != nullptr ? Kind::missing : Kind::extra;
    difference.column = column;
    difference.origin = origin;
    difference.target = target;
    out.push_back(difference);
}

bool key_is_less(const Atom* a, const Atom* b) {
    return std::lexicographical_compare(a->key.begin(), a->key.end(), b->key.begin(), b->key.end());
}

std::vector<const Atom*> sorted_by_key(std::span<const Atom> atoms) {
    std::vector<const Atom*> sorted;
    sorted.reserve(atoms.size());
    for (const Atom& atom : atoms) sorted.push_back(&atom);
    std::sort(sorted.begin(), sorted.end(), key_is_less);
    return sorted;
}

// Elements of a set, map or UDT, or the one cell of a column that has one: their key is who they are.
void compare_keyed(std::uint32_t column, std::span<const Atom> origin, std::span<const Atom> target,
                   std::vector<CellDifference>& out) {
    const auto left = sorted_by_key(origin), right = sorted_by_key(target);
    std::size_t i = 0, j = 0;
    while (i < left.size() || j < right.size()) {
        if (j == right.size() || (i < left.size() && key_is_less(left[i], right[j])))
            add_one_sided(column, left[i++], nullptr, out);
        else if (i == left.size() || key_is_less(right[j], left[i]))
            add_one_sided(column, nullptr, right[j++], out);
        else
            compare_atoms(column, *left[i++], *right[j++], out);
    }
}

// The atom that was written last; one that does not tell, when there is one. Precondition: not empty.
const Atom& newest(std::span<const Atom> atoms) {
    return *std::max_element(atoms.begin(), atoms.end(), [](const Atom& a, const Atom& b) {
        if (a.stamp.is_known != b.stamp.is_known) return a.stamp.is_known;
        return a.stamp.is_known && a.stamp.writetime < b.stamp.writetime;
    });
}

// Places of a list have no name that CQL tells, so a list is equal as a whole or it is not.
void compare_lists(std::uint32_t column, std::span<const Atom> origin, std::span<const Atom> target,
                   std::vector<CellDifference>& out) {
    const bool is_same = std::equal(origin.begin(), origin.end(), target.begin(), target.end(),
                                    [](const Atom& a, const Atom& b) { return equal(a.value, b.value); });
    if (is_same) {
        for (std::size_t i = 0; i < origin.size(); ++i) compare_atoms(column, origin[i], target[i], out);
        return;
    }
    if (origin.empty() || target.empty()) {
        add_one_sided(column, origin.empty() ? nullptr : &newest(origin), target.empty() ? nullptr : &newest(target),
                      out);
        return;
    }
    CellDifference difference;
    difference.kind = Kind::list;
    difference.column = column;
    difference.origin = &newest(origin);
    difference.target = &newest(target);
    difference.target_is_newer = difference.origin->stamp.is_known && difference.target->stamp.is_known &&
                                 difference.target->stamp.writetime > difference.origin->stamp.writetime;
    out.push_back(difference);
}

bool atoms_are_equal(const Atom& a, const Atom& b) {
    if (!equal(a.key, b.key) || !equal(a.value, b.value)) return false;
    if (!a.stamp.is_known || !b.stamp.is_known) return true;
    return a.stamp.writetime == b.stamp.writetime && expiries_agree(a.stamp.expires_at, b.stamp.expires_at);
}

}  // namespace

std::string_view name_of(CellDifference::Kind kind) {
    switch (kind) {
        case Kind::missing:
            return "missing";
        case Kind::extra:
            return "extra";
        case Kind::value:
            return "value";
        case Kind::writetime:
            return "writetime";
        case Kind::ttl:
            return "ttl";
        case Kind::list:
            return "list";
    }
    return "";
}

bool are_equal(const Layout& layout, bool of_statics, const Row& origin, const Row& target) {
    // Both servers give sets and maps in the same order, so almost all equal rows are found here; the rest by the long
    // way.
    if (origin.ends == target.ends &&
        std::equal(origin.atoms.begin(), origin.atoms.end(), target.atoms.begin(), atoms_are_equal))
        return true;
    return compare_rows(layout, of_statics, &origin, &target).kind == RowDifference::Kind::none;
}

RowDifference compare_rows(const Layout& layout, bool of_statics, const Row* origin, const Row* target) {
    RowDifference difference;
    if (origin == nullptr || target == nullptr) {
        if (origin != nullptr) difference.kind = RowDifference::Kind::missing;
        if (target != nullptr) difference.kind = RowDifference::Kind::extra;
        return difference;
    }
    const auto& columns = layout.cells(of_statics);
    for (std::uint32_t i = 0; i < columns.size(); ++i) {
        const bool is_list = columns[i].shape == Shape::list;
        (is_list ? compare_lists : compare_keyed)(i, origin->column(i), target->column(i), difference.cells);
    }
    if (!difference.cells.empty()) difference.kind = RowDifference::Kind::different;
    return difference;
}

}  // namespace crossfade::cells
