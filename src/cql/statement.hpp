// What a CQL statement is, from its text: tokenizer-based, no grammar of the whole language. A SELECT is a SELECT by
// its first keyword, whatever follows it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace crossfade::cql {

enum class Verb : std::uint8_t {
    select,
    insert,
    update,
    delete_rows,
    batch,
    truncate,
    use,
    schema,
    grant,
    list,
    describe,
    call,
    other,
};
// `schema` is CREATE, ALTER, DROP of anything (roles too) and ADD IDENTITY; `grant` is GRANT, REVOKE, RESTRICT,
// UNRESTRICT. LIST and DESCRIBE read, CALL is DSE's; everything else is `other`.
std::string_view name_of(Verb verb);  // "SELECT", "DELETE", "OTHER", …

// A table as a statement names it: names unquoted and in their stored case ("Ks" for "\"Ks\"", "ks" for KS).
struct TableName {
    std::string keyspace;  // empty when the statement does not say
    std::string table;
    bool operator==(const TableName&) const = default;
};

struct Statement {
    Verb verb = Verb::other;
    // Of select, insert, update, delete, truncate; of a batch the first child's; of `use` and of CREATE, ALTER, DROP
    // KEYSPACE only the keyspace; of other `schema` the table, view, type, … or of an index or trigger its table; else
    // empty.
    TableName table;
    std::vector<TableName> tables;  // of a batch: each child's, in order, without repetition; else empty
    // Whether it means something else in another keyspace: it names a table, type, function, … without one, or may do
    // so.
    bool needs_keyspace = false;
    bool is_conditional =
        false;  // IF NOT EXISTS, IF EXISTS or IF … of insert, update, delete (LWT), also inside a batch
    bool has_using_timestamp = false;   // of a batch: its own USING TIMESTAMP, or every child's
    bool has_using_ttl = false;         // of a batch: any child's
    bool calls_time_or_chance = false;  // now(), uuid(), current…() anywhere outside strings and comments, in a write
    bool places_list = false;     // list append, prepend or index: c = c + [..], c = [..] + c, c += / -= ?, c[n] = …,
                                  // DELETE c[n]: true when the text may be that; the schema decides whether c is a list
    bool may_be_counter = false;  // c = c + n / c - n, c += n, or BEGIN COUNTER BATCH: the schema decides
    bool is_json = false;         // INSERT … JSON, SELECT JSON
    std::uint32_t marker_count = 0;  // ? and :name, each occurrence
    // insert: columns of the list; update, delete, select: columns restricted by = in WHERE (none when it has an OR);
    // of a batch the first child's.
    std::vector<std::string> key_columns;
    // For each of key_columns: the index of its bind marker, or -1 when its value is not one marker.
    std::vector<std::int32_t> key_markers;
};

// Never fails: text that makes no sense is Verb::other (it goes to both clusters, which say what is wrong with it).
// Comments (--, //, /* */) and quoted, $$-quoted text are understood. Linear in the text; bounded memory.
Statement classify(std::string_view text);

// True for system, system_schema, system_auth, system_traces, system_distributed, system_views, system_virtual_schema,
// dse_* system keyspaces.
bool is_system_keyspace(std::string_view keyspace);

// A name as CQL text has it, with quotes where it needs them.
std::string quoted(std::string_view name);
// std::quoted would be nearer for these otherwise.
inline std::string quoted(const std::string& name) {
    return quoted(std::string_view(name));
}
inline std::string quoted(const char* name) {
    return quoted(std::string_view(name));
}
// "ks.table" with quotes where the names need them.
std::string to_cql(const TableName& table);
// Parses KS.TABLE, KS.* or "Ks"."Table" as a user types it; bad_input when it is none of these. `*` comes back as table
// "*".
base::Result<TableName> parse_table_name(std::string_view text);

}  // namespace crossfade::cql
