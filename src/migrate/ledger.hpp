// Which ranges of which tables a run has finished, durably: SQLite in the folder of a pair of clusters (SEMANTICS,
// State).
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "cql/statement.hpp"
#include "cql/token.hpp"
#include "nodes/topology.hpp"

namespace crossfade::migrate {

// What a finished range counted. Copying and comparing use what applies to them.
struct PartCounts {
    std::uint64_t origin_rows = 0, target_rows = 0;  // read (copying: origin only)
    std::uint64_t static_partitions = 0;             // whose static columns were read on the origin
    std::uint64_t writes = 0;                        // statements sent
    std::uint64_t bytes = 0;                         // of answers read from the origin
    // Copying: what could not be exact.
    std::uint64_t default_stamped_cells = 0, key_only_rows = 0, future_rows = 0, unsettled_rows = 0;
    std::uint64_t refused_expiries = 0;  // rows whose expiry the origin refused to show (cells/expiry_search.hpp)
    // Comparing: rows (or static columns of partitions) that differ, and of those that were repaired.
    std::uint64_t missing = 0, extra = 0, different = 0, newer_on_target = 0, repaired = 0;
    // Of the rows that differ, those that are different in this: a row may count in several.
    std::uint64_t with_value = 0, with_writetime = 0, with_ttl = 0, with_missing_cell = 0, with_extra_cell = 0;
    std::uint64_t report_bytes = 0;  // how long the report is once this range's lines are in it

    bool operator==(const PartCounts&) const = default;
    PartCounts& operator+=(const PartCounts& more);
};

struct LedgerPart {
    std::int64_t index = 0;
    cql::TokenRange range;
    bool is_done = false;
    PartCounts counts;
};

// One table of a run.
struct LedgerTable {
    std::int64_t id = 0;
    cql::TableName name;
    nodes::Uuid origin_id{}, target_id{};
    std::int64_t begun_us = 0;                              // by this machine's clock
    std::int64_t origin_begun_ms = 0, target_begun_ms = 0;  // by the clusters' own clocks
    bool is_done = false;
    std::vector<LedgerPart> parts;  // in order; all of the ring
};

// One thread. A process that is killed at any moment leaves what it had recorded; what it had not is done again.
class Ledger {
public:
    // Opens or makes `folder`/ledger.sqlite (mode 0600). Errors: bad_configuration, with the path and SQLite's reason.
    static base::Result<Ledger> open(const std::string& folder);

    struct Run {
        std::int64_t id = 0;
        std::int64_t begun_us = 0;
        bool is_resumed = false;
    };
    // The run of this `command` ("migrate", "validate") under this `name` (its tables and whatever changes what it
    // does) that was begun and has not ended, between these clusters; else a new one. `restart`: always a new one; the
    // other is taken for ended.
    base::Result<Run> begin_run(const std::string& command, const std::string& name, const std::string& origin_cluster,
                                const std::string& target_cluster, std::int64_t now_us, bool restart);
    base::Result<void> end_run(const Run& run, std::int64_t now_us, int exit_code);

    // The table as the run has it, or an id of 0.
    base::Result<LedgerTable> find_table(const Run& run, const cql::TableName& name);
    // Records a table and its parts, none done; what the run had recorded of it before goes. Gives it with its id.
    base::Result<LedgerTable> begin_table(const Run& run, LedgerTable table);
    base::Result<void> finish_part(const LedgerTable& table, const LedgerPart& part);
    base::Result<void> finish_table(const LedgerTable& table);
    // The run will begin this table anew: it was truncated or recreated.
    base::Result<void> forget_table(const LedgerTable& table);

    Ledger(Ledger&&) noexcept;
    Ledger& operator=(Ledger&&) noexcept;
    ~Ledger();

private:
    struct Database;
    explicit Ledger(std::unique_ptr<Database> database);
    std::unique_ptr<Database> database_;
};

// Holds a file locked as long as it lives, so that two processes do not do the same work. Errors: unavailable, when
// another has it.
class FolderLock {
public:
    static base::Result<FolderLock> take(const std::string& path);
    FolderLock(FolderLock&& other) noexcept;
    FolderLock& operator=(FolderLock&& other) noexcept;
    ~FolderLock();

private:
    explicit FolderLock(int file) : file_(file) {}
    int file_ = -1;
};

}  // namespace crossfade::migrate
