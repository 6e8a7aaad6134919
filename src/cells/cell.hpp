// What tables hold, cell by cell. Everything is views into the page that it was read from (cells/page.hpp) and lives as
// long as that.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "cells/layout.hpp"
#include "cql/token.hpp"
#include "cql/wire.hpp"

namespace crossfade::cells {

using base::Bytes;
using base::ByteView;

// When a cell was written and when it ends.
struct Stamp {
    bool is_known = false;         // false: CQL cannot tell it, as of elements of non-frozen collections before 5.0
    std::int64_t writetime = 0;    // microseconds; of no meaning unless known
    std::int64_t expires_at = 0;   // seconds since 1970, 0: never; of no meaning unless tells_expiry()
    bool is_expiry_found = false;  // set where it is not known, but was found by reading later (expiry_search.hpp)
    bool tells_expiry() const { return is_known || is_expiry_found; }
    bool operator==(const Stamp&) const = default;
};

// One cell: a whole single-cell value, or one element of a column that has a cell for each.
struct Atom {
    ByteView key;    // map: the key; set: the element; UDT: the field's number, 2 bytes; else empty
    ByteView value;  // set: empty
    Stamp stamp;
};

// The cells of one row (of the regular columns), or of one partition's static columns. Nulls have no atom.
struct Row {
    std::vector<ByteView> clustering;  // empty for statics and for tables without clustering columns
    std::vector<Atom> atoms;           // column by column; sets and maps in the server's order, lists by place
    std::vector<std::uint32_t> ends;   // for each column of the layout: where its atoms end
    // Of the row's marker, which CQL tells nothing of: seconds since 1970, 0: never. Of no meaning unless it was found.
    std::int64_t marker_expires_at = 0;
    bool is_marker_expiry_found = false;

    std::span<const Atom> column(std::size_t i) const {
        const std::uint32_t begin = i == 0 ? 0 : ends[i - 1];
        return {atoms.data() + begin, ends[i] - begin};
    }
};

// When the last cell of the row goes, of those that tell: seconds since 1970. 0: one never does, or there is none that
// tells. So long live cells, and a marker, of which nothing else is known.
std::int64_t last_expiry(const Row& row);

// Which partition: the components of its key, and its token.
struct PartitionKey {
    std::vector<ByteView> components;
    cql::Token token = 0;
};

// The token of a partition key, as Murmur3Partitioner has it. bad_input for a component over 65,535 bytes.
base::Result<cql::Token> token_of(const std::vector<ByteView>& components);

bool equal(ByteView a, ByteView b);
bool equal(const std::vector<ByteView>& a, const std::vector<ByteView>& b);
// The order of partitions on the ring: by token, then by the bytes of the key. Negative, 0 or positive.
int compare_partitions(const PartitionKey& a, const PartitionKey& b);

// The name of a UDT's field number as an atom's key; the view lives for ever. Precondition: below 65,536.
ByteView field_key(std::size_t field);
std::size_t field_of(ByteView key);

}  // namespace crossfade::cells
