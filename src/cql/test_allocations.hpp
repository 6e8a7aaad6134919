// Counts heap allocations of this thread, for tests that promise none.
#pragma once

#include <cstddef>
#include <optional>

namespace crossfade::cql {

// Allocations since the thread began; nothing in sanitizer builds, whose own operator new is left alone.
std::optional<std::size_t> allocation_count();

}  // namespace crossfade::cql
