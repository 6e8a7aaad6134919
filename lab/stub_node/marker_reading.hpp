// Which column each bind marker of a statement belongs to, and where the partition key is.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "cql/type.hpp"

namespace crossfade::lab {

struct Marker {
    std::string
        name;  // as a server names the variable: the column, "[timestamp]", "[ttl]", "[limit]", or the name of a :name
    std::string column;  // empty when it is no column's
    cql::TypePtr type;
};

struct MarkerReading {
    std::vector<Marker> markers;
    std::int32_t key_marker = -1;  // of column k: the first that is set or compared by =
    std::string key_literal;       // else its literal, strings without quotes
};

// Column k has `key_type`, every other one is a blob.
MarkerReading read_markers(std::string_view text, cql::TypeCode key_type);

}  // namespace crossfade::lab
