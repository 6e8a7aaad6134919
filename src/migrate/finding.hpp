// One row that differs, as a line of the report and as a sentence for people. Pure.
#pragma once

#include <string>
#include <vector>

#include "cells/plan.hpp"
#include "cells/row_key.hpp"
#include "cells/row_pair.hpp"
#include "migrate/ledger.hpp"

namespace crossfade::migrate {

// What became of a difference: repaired, or why it is left.
struct Fate {
    Fate() = default;

    bool is_repaired = false;
    std::string left;  // the end of a sentence: "newer on the target"; empty when repaired
};

// {"table":"shop.users","kind":"different","key":{"id":1},"cells":[{"column":"email","kind":"value","origin":"a","target":"b",
// "origin_writetime":5,"target_writetime":7}],"repaired":false,"left":"newer on the target"}  — one line, without its
// end. Long values are cut.
std::string finding_json(const cells::Layout& layout, const cells::RowKey& key, const cells::RowDifference& difference,
                         const Fate& fate);
// "shop.users: WHERE id = 1: email differs (value)".
std::string finding_text(const cells::Layout& layout, const cells::RowKey& key, const cells::RowDifference& difference,
                         const Fate& fate);
// Adds the row to what is counted.
void count_finding(const cells::RowDifference& difference, const Fate& fate, PartCounts& counts);

}  // namespace crossfade::migrate
