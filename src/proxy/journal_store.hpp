// The journal's file: what is in it and how it changes. No threads, no callbacks: journal.cpp owns one and decides
// when.
//
//     information   format, the clusters' names, the last instant at which writes were known to be settled
//     table_set     each set of tables that entries name, once
//     entry         the entries
//     written       tables that this run has written: what an unclean stop is made up from
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "proxy/journal.hpp"
#include "proxy/sqlite.hpp"

namespace crossfade::proxy {

// Single entries are those that collapse: kinds mutation and compare.
bool is_single(JournalEntry::Kind kind);
// The least write timestamp that the entry's cells can have; 0: it cannot be told (LWT, USING TIMESTAMP in the text).
std::int64_t least_stamp(const JournalEntry& entry);

// What can be counted of entries. Also used as a difference.
struct JournalCounts {
    std::int64_t entries = 0, singles = 0;
    std::int64_t origin = 0, target = 0;  // entries that name this side

    void add(std::uint8_t sides, JournalEntry::Kind kind, std::int64_t times = 1);
    JournalCounts& operator+=(const JournalCounts& other);
};

// Singles of one set of tables on their way into entries of kind table.
struct Collapse {
    std::int64_t table_set = 0;
    std::uint64_t last_id = 0;   // later ones stay
    std::int64_t remaining = 0;  // about as many singles are still to be deleted
};

// "This table since T": what becomes an entry of kind table.
struct TableSince {
    std::int64_t time_us = 0, until_us = 0, least_stamp = 0;
    std::uint8_t sides = 0;
    std::string cause;

    // Widens it so that it covers the other, too.
    void cover(std::int64_t other_time_us, std::int64_t other_until_us, std::int64_t other_least_stamp,
               std::uint8_t other_sides);
};
// Gives the next free id.
using TakeId = std::function<std::uint64_t()>;

// One thread at a time. All errors are kind internal with SQLite's words; after one, ask is_in_transaction().
class JournalStore {
public:
    // Opens or creates the file and checks whose it is (Journal::open). `now_us` ends the time of a run that stopped
    // uncleanly.
    static base::Result<JournalStore> open(const std::string& path, const Journal::Options& options,
                                           std::int64_t now_us);

    base::Result<void> begin() { return database_.run("BEGIN IMMEDIATE"); }
    base::Result<void> commit() { return database_.run("COMMIT"); }
    void roll_back();
    // Outside a transaction: the write-ahead log, of megabytes by then, goes into the database and gives its space
    // back.
    base::Result<void> empty_log() { return database_.run("PRAGMA wal_checkpoint(TRUNCATE)"); }
    bool is_in_transaction() const { return database_.is_in_transaction(); }

    // Each inside a transaction. Those that delete or replace give what changed in the counts.
    base::Result<void> insert(const JournalEntry& entry);
    base::Result<JournalCounts> erase(std::uint64_t id);
    base::Result<void> set_blocked(std::uint64_t id, std::string_view note);
    base::Result<void> mark_written(const cql::TableName& table, std::int64_t now_us);
    base::Result<void> set_settled(std::int64_t now_us);
    base::Result<void> remove_marks();

    // Enters `since`, or replaces the entry of kind table that there is with one (of a new id) that covers both.
    base::Result<JournalCounts> put_table(const cql::TableName& table, TableSince since, const TakeId& take_id);
    // Enters "this table since T" for the sets of tables with most singles, until at most `keep` of the `singles` would
    // stay. They are then deleted with delete_collapsed(), in portions.
    base::Result<std::vector<Collapse>> start_collapse(const TakeId& take_id, std::int64_t singles, std::int64_t keep,
                                                       JournalCounts& change);
    // Deletes at most `most` singles. `collapse.remaining` is 0 when none is left.
    base::Result<JournalCounts> delete_collapsed(Collapse& collapse, std::int64_t most);

    base::Result<JournalCounts> count();
    std::uint64_t next_id() const { return next_id_; }  // as of open()

private:
    base::Result<void> create(const Journal::Options& options);
    base::Result<void> check(const Journal::Options& options);
    base::Result<void> prepare_queries();
    base::Result<void> enter_unclean_stop(const Journal::Options& options, std::int64_t now_us);
    base::Result<std::int64_t> table_set_of(const std::vector<cql::TableName>& tables);
    base::Result<std::string> information(std::string_view key);
    base::Result<void> set_information(std::string_view key, std::string_view value);

    Database database_;
    Query insert_, erase_, block_, mark_, find_set_, add_set_, delete_collapsed_;
    std::map<std::vector<std::uint8_t>, std::int64_t> table_sets_;  // encoded tables → table_set.id
    std::uint64_t next_id_ = 1;
};

// Reads entries beside the store, in transactions of its own. One thread at a time.
class JournalReader {
public:
    static base::Result<JournalReader> open(const std::string& path);
    base::Result<std::vector<JournalEntry>> list(std::uint64_t after, std::size_t limit);
    base::Result<std::vector<JournalTableSummary>> summary();

private:
    Database database_;
    Query list_, summary_;
};

}  // namespace crossfade::proxy
