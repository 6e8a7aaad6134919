// What `crossfade journal` prints.
#pragma once

#include <cstdint>
#include <iosfwd>
#include <string>
#include <vector>

#include "cli/admin_client.hpp"
#include "cli/journal_repair.hpp"

namespace crossfade::cli {

// One row for each proxy and table, then the total. `now_us` is what ages count from (microseconds since 1970).
void print_journal_summary(const std::vector<AdminClient>& clients,
                           const std::vector<base::Result<JournalSummary>>& summaries, std::int64_t now_us,
                           std::ostream& out, std::ostream& error);
void print_journal_summary_json(const std::vector<AdminClient>& clients,
                                const std::vector<base::Result<JournalSummary>>& summaries, std::ostream& out);

// The entries of one proxy's journal, as far as they were asked for.
struct JournalListing {
    std::string url;
    std::vector<JournalRow> rows;
    bool has_more = false;
    std::string failure;  // empty: none
};
void print_journal_list(const std::vector<JournalListing>& listings, std::int64_t now_us, std::ostream& out,
                        std::ostream& error);
void print_journal_list_json(const std::vector<JournalListing>& listings, std::ostream& out);

// What is left and why.
void print_repair(const RepairResult& result, std::int64_t now_us, std::ostream& out, std::ostream& error);
void print_repair_json(const RepairResult& result, std::ostream& out);

}  // namespace crossfade::cli
