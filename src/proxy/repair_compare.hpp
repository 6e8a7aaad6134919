// What a repair does where nothing can be replayed: reads both clusters and makes them equal.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/task.hpp"
#include "cells/reconciler.hpp"
#include "cells/table_access.hpp"
#include "net/loop.hpp"
#include "proxy/journal.hpp"
#include "proxy/repair_tables.hpp"

namespace crossfade::proxy {

using EntryPtr = std::shared_ptr<const JournalEntry>;

// Loop's thread only. The errors of all of them: bad_input: it is not settled, and trying again alone will not settle
// it (the message says why, for whoever reads the journal); interrupted; else those of the clusters, with the side: try
// again later.
class RepairCompare {
public:
    struct Surroundings {
        std::function<std::size_t()> primary;  // 0 origin, 1 target
        std::function<bool()> should_stop;
        std::chrono::milliseconds request_timeout{10000};  // how long a client's write may be under way to one of them
        bool includes_counters = false, retries_blocked = false;
    };
    RepairCompare(net::Loop& loop, SessionPair sessions, RepairTables& tables, Surroundings surroundings);

    // The partitions that the entry's statements write; all of a table where they cannot be told. Any number at once.
    base::Task<base::Result<void>> partitions(EntryPtr entry);
    // All of the entry's tables.
    base::Task<base::Result<void>> tables(EntryPtr entry);
    // A one-sided TRUNCATE: what the truncated side lacks and is older goes from the other side, too. Where no cluster
    // tells who executed it, a blocked entry that is to be tried again is taken for done.
    base::Task<base::Result<void>> truncated(EntryPtr entry);

private:
    // One table on both clusters.
    struct Access {
        std::shared_ptr<cells::TableAccess> origin, target;
    };
    using AccessPtr = std::shared_ptr<const Access>;
    // A search through a whole table.
    struct Sweep;
    using SweepPtr = std::shared_ptr<Sweep>;

    base::Task<base::Result<AccessPtr>> open(cql::TableName name);
    cells::ReconcileOptions options() const;
    base::Task<base::Result<void>> partition(cql::TableName name, std::vector<base::Bytes> key);
    base::Task<base::Result<void>> whole_table(cql::TableName name, EntryPtr entry, std::int64_t least_stamp);
    bool names_primary(const JournalEntry& entry) const { return (entry.sides & (1U << surroundings_.primary())) != 0; }
    base::Task<base::Result<void>> sweep(cql::TableName name, cells::ReconcileOptions options,
                                         std::int64_t least_stamp);
    base::Task<void> sweep_ranges(SweepPtr sweep);
    base::Task<base::Result<void>> sweep_range(SweepPtr sweep, cells::Reconciler& reconciler, cells::PageRequest where);
    base::Task<base::Result<void>> settle(SweepPtr sweep, cells::Reconciler& reconciler,
                                          std::vector<cells::RowKey> suspects);

    net::Loop& loop_;
    SessionPair sessions_;
    RepairTables& tables_;
    Surroundings surroundings_;
    std::map<std::pair<std::string, std::string>, AccessPtr> open_;
    bool is_sweeping_ = false;  // one table at a time
    // When the last complete sweep of a table began: what was in the journal well before then is settled by it.
    // Microseconds.
    std::map<std::pair<std::string, std::string>, std::int64_t> swept_at_;
};

// Whether only `primary` has the row, and every cell of it is older than `least_stamp`: it is not about the writes
// meant, but not copied yet. Pure.
bool is_older_row(const cells::Row* primary, const cells::Row* other, std::int64_t least_stamp);

// Where an entry of a whole table names the primary, too (an unclean stop), what the primary lacks may be a write that
// it missed or a row that was never copied to it. What is older than this (microseconds) the entry's writes cannot have
// made. Pure.
std::int64_t oldest_meant(const JournalEntry& entry, std::chrono::milliseconds request_timeout);

// What is known of a one-sided TRUNCATE.
struct TruncateSides {
    bool is_settled = false;               // both clusters executed it, or it is known that neither did
    std::optional<std::size_t> truncated;  // the side that executed it alone; absent: it cannot be told
    std::int64_t before_us = 0;            // what is older should have gone
};
// Pure.
TruncateSides truncate_sides(const JournalEntry& entry, const TableOnSides& table);

}  // namespace crossfade::proxy
