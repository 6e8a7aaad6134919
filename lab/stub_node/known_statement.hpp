// What a stub node knows of one statement: found out once from its text, then kept.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cql/response.hpp"
#include "cql/statement.hpp"
#include "stub_node/select_statement.hpp"
#include "stub_node/system_tables.hpp"

namespace crossfade::lab {

struct TableCounts;

using PreparedId = std::array<std::uint8_t, 16>;

// What the one row of an answer has in a column: the key that was asked for, row_bytes bytes, the number 1, true, or
// JSON.
enum class CellKind : std::uint8_t { key, blob, one, truth, json };

struct KnownStatement {
    enum class Kind : std::uint8_t { system_read, read, write, truncate, use, schema, other };

    Kind kind = Kind::other;
    std::string text, keyspace;  // the keyspace that it was sent in, or empty
    cql::Statement facts;
    cql::TableName table;                   // with its keyspace; of a batch the first child's
    std::string table_text;                 // "stub.kv", as it is counted
    std::optional<SelectStatement> select;  // system_read
    std::vector<cql::OwnedColumn> variables;
    std::vector<std::uint16_t> key_indices;
    std::vector<cql::OwnedColumn> columns;  // of its rows; empty when it has none
    std::vector<CellKind> cells;            // of read and of conditional writes: what stands in each column
    std::int32_t key_marker = -1;           // which variable is the partition key; of a batch the first child's
    std::string key_literal;                // else the literal in the text, where there is one
    PreparedId id{}, metadata_id{};         // metadata_id: of `columns`

    // The RESULT of rows up to its cells, with one row: with metadata and without. Of read and of conditional writes.
    base::Bytes rows_head, short_rows_head;
    TableCounts* counts = nullptr;  // the owning worker's
    std::string_view counted_as;    // the name that those counts have; lives as long
};

// Any table outside the system keyspaces is taken as if it had the columns of stub.kv: k is its partition key, of
// `key_type`, and every other column is a blob. Errors: server, with Cassandra's code and words.
base::Result<KnownStatement> know_statement(std::string_view text, std::string_view keyspace,
                                            const NodeOptions& options, const SystemTables& system_tables);

}  // namespace crossfade::lab
