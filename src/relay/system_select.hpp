// A SELECT on a system table that a front answers itself, as drivers and tools write it. Pure, but for now() and
// uuid().
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "cql/type.hpp"

namespace crossfade::relay {

// One thing between SELECT and FROM.
struct Selector {
    enum class Kind : std::uint8_t { column, count, function };
    Kind kind = Kind::column;
    std::string column;    // "*" for all columns
    std::string function;  // its name and that of its argument, in small letters: "now", "totimestamp(now)"
    std::string label;     // as the answer names it
};
// WHERE column = 'text', or = ? for the first bound value.
struct Equality {
    std::string column;
    std::string text;
    bool is_marker = false;
};
struct SystemSelect {
    std::vector<Selector> selectors;
    std::optional<Equality> where;  // the first; whatever else stands behind FROM is not read
};

// Columns and `*`, count(…), and the functions of evaluate(), each with an optional alias. Errors: bad_input for
// anything else (JSON, DISTINCT, a cast), with the word that is not understood.
base::Result<SystemSelect> read_system_select(std::string_view text);

// Whether one of these columns, or all, stand between SELECT and FROM; of any text.
bool selects_any_of(std::string_view text, const std::vector<std::string_view>& columns);

struct Evaluated {
    cql::TypePtr type;
    base::Bytes value;
};
// now(), uuid(), current_timestamp(), current_date(), current_time(), current_timeuuid() in all their spellings, and
// toTimestamp, toDate, toUnixTimestamp, dateOf and unixTimestampOf of now(). Nothing for any other name.
std::optional<Evaluated> evaluate(std::string_view function);

}  // namespace crossfade::relay
