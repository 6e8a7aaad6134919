// The parts of a SELECT that a stub node needs: what it selects, from where, and its simple conditions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cql/statement.hpp"
#include "cql/tokenizer.hpp"

namespace crossfade::lab {

struct Selected {
    std::string name;  // of the column, or of the function that is called
    bool is_call = false;
    std::string label;  // its alias, else what a server calls it: "v", "writetime(v)", "system.now()", "count"
};

// One value in a statement.
struct Operand {
    bool is_marker = false;
    std::uint16_t marker = 0;  // counted from 0 over the whole statement
    cql::LexemeKind kind = cql::LexemeKind::end;
    std::string text;  // of a literal: as written, strings without their quotes
};

struct Condition {
    std::string column;
    std::vector<Operand> any_of;  // of `=` one, of IN (…) its list
};

struct SelectStatement {
    bool is_json = false;
    std::vector<Selected> list;  // empty: *
    cql::TableName table;        // keyspace empty when the statement does not say
    std::vector<Condition> where;
    std::optional<std::int32_t> limit;  // a literal one
};

// Nothing when `text` is no SELECT, or one whose WHERE has more than column = value and column IN (values). Conditions
// of user tables do not matter to the stub: read_selection() stops before them, and reads everything else the same.
std::optional<SelectStatement> read_select(std::string_view text);
std::optional<SelectStatement> read_selection(std::string_view text);

}  // namespace crossfade::lab
