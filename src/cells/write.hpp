// One statement that writes cells of one row (or of the static columns of one partition) under stamps of their own, as
// data.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <string>
#include <vector>

#include "cells/cell.hpp"
#include "cells/layout.hpp"

namespace crossfade::cells {

struct Write {
    enum class Kind : std::uint8_t {
        insert_row,  // INSERT: the row's marker, and cells of single-cell columns
        update,      // UPDATE: cells of single-cell columns, elements added to sets and maps, fields of UDTs; no marker
        append,      // elements behind a list
        prepend,     // elements before a list
        overwrite,   // a whole column; a collection that was there is deleted one microsecond before
        delete_row,  // everything in the row, marker and all, up to the timestamp
        delete_column,   // one column up to the timestamp
        delete_element,  // one map key, set element or UDT field up to the timestamp
        delete_place,    // what is at one place of a list when the statement runs, up to the timestamp
        add,             // adds to counters; has neither timestamp nor TTL
    };
    Kind kind = Kind::update;
    bool of_statics = false;
    std::uint32_t column = 0;  // for kinds of one column
    std::vector<cql::ValueView>
        values;                   // insert_row, update, add: one for each of slots(); append, prepend, overwrite: one
    ByteView element;             // delete_element: the atom's key; delete_place: the place, an int
    std::int64_t timestamp = 0;   // microseconds
    std::int64_t expires_at = 0;  // seconds since 1970; 0: never, also where the table has a default TTL
    const std::vector<ByteView>* clustering = nullptr;  // null for statics; lives as long as the write
};

// What the values of an insert_row, update or add are for.
struct Slot {
    std::uint32_t column = 0;
    std::int32_t field = -1;  // of a UDT
    bool operator==(const Slot&) const = default;
};
std::vector<Slot> slots(const Layout& layout, Write::Kind kind, bool of_statics);

// The statement of a write with a `?` for everything in it. With `has_unset` (protocol v4 and up) it depends on kind,
// statics, column and field alone, and what is not written is bound as not set; without, only what is written is in it.
std::string write_text(const Layout& layout, const Write& write, bool has_unset);

// What is bound to write_text(), in order. Views of `key`, of the write and of `numbers`, which must not move or go
// until they are used. `now` is the instant that TTLs count from, in seconds since 1970; what has expired by then gets
// the shortest TTL.
std::vector<cql::ValueView> bound_values(const Layout& layout, const PartitionKey& key, const Write& write,
                                         bool has_unset, std::int64_t now,
                                         std::deque<std::array<std::uint8_t, 8>>& numbers);

// About how many bytes it takes in a request.
std::size_t byte_count(const Write& write);

}  // namespace crossfade::cells
