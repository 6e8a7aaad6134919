// One-sided schema changes: never replayed by themselves, shown with the statement to type (SEMANTICS, Journal).
#pragma once

#include "base/result.hpp"
#include "proxy/journal.hpp"
#include "proxy/repair_tables.hpp"

namespace crossfade::proxy {

// The statement of an entry that is one, ready to be typed: "USE ks; CREATE TABLE t …" where it needs a keyspace;
// passwords as '…'. Empty: it cannot be told.
std::string statement_to_type(const JournalEntry& entry);

// The table, type, … that it defines; of a keyspace, or where there is no more to tell, only the keyspace.
cql::TableName defined_name(const JournalEntry& entry);

// What the two clusters have of the thing that a statement defines.
enum class Agreement : std::uint8_t { equal, different, unknown };
Agreement agreement(std::string_view statement, const cql::TableName& name, const nodes::Keyspace* origin,
                    const nodes::Keyspace* target);

// Ok when both clusters have come to agree on what the entry's statement defines: somebody typed it. Where that cannot
// be seen (options, roles, functions), a blocked entry that is to be tried again is taken for done. Else bad_input with
// what to type, and where.
base::Result<void> settled_schema(const JournalEntry& entry, const RepairTables& tables, bool retries_blocked);

}  // namespace crossfade::proxy
