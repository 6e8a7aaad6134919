// Compares one token range of one table, and repairs it when asked to.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "base/task.hpp"
#include "cells/plan.hpp"
#include "cql/token.hpp"
#include "migrate/ledger.hpp"
#include "migrate/table_work.hpp"

namespace crossfade::migrate {

struct ValidatedPart {
    ValidatedPart() = default;

    PartCounts counts;
    std::string report;                  // a line of JSON for each row that differs, each with its end
    std::vector<std::string> sentences;  // for people, of the first rows that differ
};

// Walks both sides in token order. What does not agree is read again on both at once, row by row, a few times over
// about two seconds, and longer while it goes on changing: a live write may have reached one side first. What still
// differs is a difference. With `repair` its kinds are repaired, each cell under its own stamp, and the row is compared
// once more. Errors: those of reading and writing, with the side (then the range was not compared); interrupted.
base::Task<base::Result<ValidatedPart>> validate_part(Surroundings& around, std::shared_ptr<const TableWork> table,
                                                      cql::TokenRange range, std::optional<cells::RepairKinds> repair);

}  // namespace crossfade::migrate
