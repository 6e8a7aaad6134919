// Whether a request goes out once more. Pure.
#pragma once

#include <cstdint>

#include "cql/response.hpp"
#include "cql/statement.hpp"

namespace crossfade::connect {

// Times a request is sent at most, the first one included.
constexpr std::uint8_t most_attempts = 3;

enum class Next : std::uint8_t { answer, again, other_node };

// What follows the ERROR that a node answered with. `attempts`: times that it was sent, at least 1. A request that is
// not repeatable goes again only after an error that says that it was not executed.
Next after_error(const cql::ErrorMessage& error, bool is_repeatable, std::uint8_t attempts);

// Whether a statement leaves the same behind when it is executed twice: reads do; LWT, counters, list operations by
// place, values of time or chance, and changes of schema or rights do not. By the text alone: what may be a counter or
// a list counts as one.
bool is_repeatable(const cql::Statement& statement);
// INSERT, UPDATE, DELETE, and batches of them: what write consistencies are for.
bool is_data_write(const cql::Statement& statement);
bool is_read(const cql::Statement& statement);

}  // namespace crossfade::connect
