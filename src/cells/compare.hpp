// What differs between the same row on the origin and on the target. Pure.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "cells/cell.hpp"
#include "cells/layout.hpp"

namespace crossfade::cells {

// Expiry instants this near one another are equal: clusters count in whole seconds, and a dual write reaches them one
// after the other.
constexpr std::int64_t expiry_tolerance_seconds = 60;

struct CellDifference {
    enum class Kind : std::uint8_t {
        missing,    // the target lacks the cell
        extra,      // only the target has it
        value,      // the values differ
        writetime,  // same value, other writetime
        ttl,        // same value and writetime; one expires and the other does not, or more than a minute apart
        list,       // a list that is not frozen has other elements, or the same in another order
    };
    Kind kind = Kind::value;
    std::uint32_t column = 0;      // of Layout::regulars, or ::statics
    const Atom* origin = nullptr;  // null: not there; of a list as a whole: its newest element
    const Atom* target = nullptr;
    // The target's cell was written later than the origin's: it may be right, and is never overwritten.
    bool target_is_newer = false;
};
std::string_view name_of(CellDifference::Kind kind);  // "missing", "value", …

struct RowDifference {
    enum class Kind : std::uint8_t { none, missing, extra, different };
    Kind kind = Kind::none;
    std::vector<CellDifference> cells;  // of a different row
};

// Compares the cells of two rows of one key; null means that the side has no such row. Stamps are compared where both
// sides know them, collections element by element, lists by place. The result points into the rows.
RowDifference compare_rows(const Layout& layout, bool of_statics, const Row* origin, const Row* target);
// The same answer as compare_rows().kind == none, without a word about what differs.
bool are_equal(const Layout& layout, bool of_statics, const Row& origin, const Row& target);

}  // namespace crossfade::cells
