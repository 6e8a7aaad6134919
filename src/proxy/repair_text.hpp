// The parts of a write's text that a repair must find or change: its statements, where each says its time to live, and
// what it says of its partition key. Pure. Lenient: text that is not understood gives statements without these parts.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cql/statement.hpp"

namespace crossfade::proxy {

// Where a part of a text stands, and which bind markers are in it.
struct TextSpan {
    std::size_t begin = 0, end = 0;
    std::uint32_t first_marker = 0, marker_count = 0;  // counted over the whole text
};

// What a statement says of one column: "k = ?" or "k IN (1, 2)" of a WHERE, or the value that an INSERT gives it.
struct ColumnSaying {
    std::string column;  // its stored name
    TextSpan text;
    bool is_value = false;  // of an INSERT: `text` is the value alone
};

// One INSERT, UPDATE or DELETE: the whole text, or a child of a BATCH that is written as text.
struct StatementText {
    cql::Verb verb = cql::Verb::other;
    cql::TableName table;
    TextSpan text;
    std::size_t table_at = 0;  // where the table's name begins
    bool has_using_timestamp = false;
    bool calls_time_or_chance = false;  // now(), uuid(), … in what it says of columns
    std::optional<TextSpan> ttl;        // of the value behind TTL: a number or a marker
    // Where a TTL can be added, with what must stand before it: " USING TTL " or " AND TTL ". Not for DELETE.
    std::optional<TextSpan> ttl_place;
    std::string_view ttl_lead;
    std::vector<ColumnSaying> columns;
};

// In the order of the text. Empty when it has none.
std::vector<StatementText> statements_in(std::string_view text);
// The text with `keyspace` before each table that is named without one.
std::string with_keyspace(std::string_view text, std::string_view keyspace);

// A SELECT DISTINCT that gives the keys of the partitions that `statement` writes, as far as they exist. Its values are
// those of the markers listed, in order. Nothing, when the statement does not say all of `key_columns`.
struct KeyQuery {
    std::string text;
    std::vector<std::uint32_t> markers;
};
std::optional<KeyQuery> key_query(std::string_view text, const StatementText& statement, const cql::TableName& table,
                                  const std::vector<std::string>& key_columns);

}  // namespace crossfade::proxy
