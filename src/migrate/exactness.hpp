// What a copy could not make exact, in words: each table for which that is so is named in the summary. Pure.
#pragma once

#include <string>
#include <vector>

#include "cells/layout.hpp"
#include "migrate/ledger.hpp"

namespace crossfade::migrate {

// Said before a table is copied, from what is known without reading it; empty: nothing. `finds_expiry`: the origin can
// be read as of later instants (cells::TableAccess::finds_expiry()).
std::vector<std::string> foreseen(const cells::Layout& layout, const cells::Readability& readability,
                                  std::int64_t default_timestamp, bool finds_expiry);
// Said when it is copied, from what was counted; empty: every cell is exact.
std::vector<std::string> inexact(const cells::Layout& layout, const cells::Readability& readability,
                                 const PartCounts& counts, std::int64_t default_timestamp);

}  // namespace crossfade::migrate
