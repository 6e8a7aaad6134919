// The durable list of divergences of one proxy (SEMANTICS, Journal): SQLite under the state directory, one thread, one
// fsync for all that waits.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "cql/protocol.hpp"
#include "cql/statement.hpp"

namespace crossfade::proxy {

// A statement of a mutation that was executed by its prepared id.
struct JournaledStatement {
    std::string text, keyspace;
};

// What one entry holds: enough to say what may differ, and to make it equal again.
struct JournalEntry {
    enum class Kind : std::uint8_t {
        mutation,  // replayed with its own timestamp
        compare,   // not repeatable: its partition is read on both sides and made equal
        table,     // "this table since T": all of it is compared (collapsed entries, an unclean stop)
        truncate,  // one-sided TRUNCATE
        ddl,       // one-sided schema change: blocked, with the statement to type
    };
    enum class State : std::uint8_t { pending, blocked };

    std::uint64_t id = 0;       // given by append()
    std::int64_t time_us = 0;   // when the request came, since 1970
    std::int64_t until_us = 0;  // kind table: the last instant that is meant
    Kind kind = Kind::mutation;
    State state = State::pending;
    std::uint8_t sides = 0;  // origin_side | target_side of verdict.hpp: which is to be repaired
    std::vector<cql::TableName> tables;
    base::Bytes partition_key;  // serialized, where the statement restricts one whole key; else empty
    std::string cause;          // for people: "target did not answer within 10 s"
    std::string note;           // why it is blocked, and what to do
    // The mutation as it was sent: the message's body (stamped), without prepared ids' meaning lost.
    cql::Opcode opcode = cql::Opcode::query;
    cql::ProtocolVersion version = cql::ProtocolVersion::v4;
    base::Bytes body;                          // QUERY, EXECUTE or BATCH body without custom payload
    std::string keyspace;                      // that unqualified text ran in
    std::vector<JournaledStatement> prepared;  // EXECUTE: one; BATCH: of each prepared child, in order
    std::int64_t timestamp =
        0;  // microseconds; 0: none (v2 or `pass`). Kind table: the least stamp that is meant; 0: any
};

struct JournalTableSummary {
    std::string table;
    std::uint8_t sides = 0;
    std::uint64_t entries = 0;
    std::int64_t oldest_us = 0;
    bool is_blocked = false;
};

class Journal {
public:
    struct Options {
        std::string directory;          // exists
        std::uint64_t bound = 1000000;  // single entries; past it those of a table collapse into one of kind table
        std::string origin_cluster,
            target_cluster;  // whose journal it is: of others it is refused; empty: not known yet
        std::chrono::milliseconds request_timeout{10000};  // how long a write may be in flight
        std::chrono::milliseconds heartbeat{
            5000};  // how often it is noted that older writes are settled, while tables are written
    };
    // Opens or creates `directory`/journal.sqlite (mode 0600). After an unclean stop it holds, by itself, one entry of
    // kind table for each table that may have had writes in flight. Errors: bad_configuration (not writable, of other
    // clusters, damaged, in use by another process), with the path.
    static base::Result<std::unique_ptr<Journal>> open(Options options);
    // Writes what waits, marks the stop as clean when nothing was in flight (`is_clean`), and ends the thread. The
    // destructor alone is an unclean close. What is asked for later gets an error at once, on the asking thread.
    ~Journal();
    void close(bool is_clean);

    // All of these from any thread. `durable` is called on the journal's thread once the entry is on disk, or with the
    // error that kept it from there (then the write must be answered with an error that says so). Gives the entry's id
    // at once. Ids grow, and none is given twice.
    std::uint64_t append(JournalEntry entry, std::function<void(base::Result<void>)> durable);
    // The other side acknowledged it after all, or a repair did. Before the entry is durable it cancels it out
    // (`durable` is still called). An entry that collapsed meanwhile is covered by its table's, which stays.
    void withdraw(std::uint64_t id);
    void set_blocked(std::uint64_t id, std::string note);

    // Calls `durable` once it is on disk that `table` is being written since now: asked once for a table and run,
    // before its first write. What an unclean stop is made up from.
    void mark_written(const cql::TableName& table, std::function<void(base::Result<void>)> durable);

    // Waits until all that was asked for before is on disk, or failed. Any thread but an event loop's and the journal's
    // own.
    void wait_until_written();

    // In order of id, after `after`, at most `limit`; fewer when their bodies are large: none only at the end. Any
    // thread; reads the database.
    base::Result<std::vector<JournalEntry>> list(std::uint64_t after, std::size_t limit) const;
    base::Result<std::vector<JournalTableSummary>> summary() const;
    // Entries that name this side (origin_side or target_side); pending and blocked. An entry counts from append() on,
    // until its withdrawal is on disk.
    std::uint64_t unrepaired(std::uint8_t side) const;
    std::uint64_t entries() const;

private:
    struct Implementation;
    explicit Journal(std::unique_ptr<Implementation> implementation);
    std::unique_ptr<Implementation> implementation_;
};

}  // namespace crossfade::proxy
