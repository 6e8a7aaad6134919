// A journaled mutation taken apart, free of protocol versions and prepared ids, so that it can be sent again to any
// cluster, and with the time to live that it has left (SEMANTICS, Journal). Pure.
#pragma once

#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cql/request.hpp"
#include "proxy/journal.hpp"
#include "proxy/repair_text.hpp"

namespace crossfade::proxy {

// One statement with what was bound to it.
struct ReplayStatement {
    std::string text;
    std::string keyspace;      // that it ran in; empty: it names its own, or none is known
    bool is_prepared = false;  // must be: EXECUTE, or QUERY with values
    std::vector<cql::ValueView> values;
    std::vector<std::string_view> names;  // of the values, where they are bound by name; else empty
};

// Values are views into the entry's body and into `storage`.
struct Replay {
    Replay() = default;
    Replay(Replay&&) = default;
    Replay& operator=(Replay&&) = default;

    bool is_batch = false;
    cql::BatchType batch_type = cql::BatchType::logged;
    std::vector<ReplayStatement> statements;  // one, or those of a batch
    cql::Consistency consistency = cql::Consistency::local_quorum;
    std::optional<std::int64_t> timestamp;       // of the request; absent: it had none
    std::optional<std::int32_t> now_in_seconds;  // that the request carried
    std::deque<base::Bytes> storage;             // values that were computed; stays where it is

    bool has_unset() const;
};

// Takes the entry's body apart; `entry` outlives the result. Errors: bad_input, when the body is no QUERY, EXECUTE or
// BATCH of its version, or prepared texts are missing.
base::Result<Replay> read_replay(const JournalEntry& entry);

// Names the keyspace in each text that does not, where one is known: it is sent over connections of no keyspace.
void qualify_tables(Replay& replay);

// Whether every cell that it writes gets the stamp that it was first sent with: only then may it be sent again.
bool has_fixed_stamps(const Replay& replay);

// The consistency that a replay asks for: what the client asked for, but never less than LOCAL_QUORUM, so that what is
// read at LOCAL_QUORUM afterwards is equal.
cql::Consistency replay_consistency(cql::Consistency wanted);

// When the write first happened, as far as is known: its stamp where that is near the time of the entry, else that
// time. Microseconds.
std::int64_t first_instant_us(const JournalEntry& entry);

// Puts values that are bound by name in the order of the statement's variables (their names). Errors: bad_input for a
// name that is missing.
base::Result<void> order_values(ReplayStatement& statement, const std::vector<std::string>& variables);

// Time to live that is left after `age_s`: 0 stays 0 (for ever), all else is at least 1: an expired write must still
// hide what is older.
std::int32_t remaining_time_to_live(std::int32_t time_to_live, std::int64_t age_s);

// For protocols before v5: makes each statement expire when its first writing does, its table's default counting as its
// own. Values must be in order (order_values). `default_ttl` gives a table's (0: none). Errors: bad_input, when a time
// to live cannot be understood: compare instead.
base::Result<void> shorten_times_to_live(Replay& replay, std::int64_t age_s,
                                         const std::function<std::int32_t(const cql::TableName&)>& default_ttl);

}  // namespace crossfade::proxy
