// Keyspaces, types and tables of a cluster, as system_schema describes them (Cassandra 3.0 to 5.0).
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "base/task.hpp"
#include "cql/statement.hpp"
#include "cql/type.hpp"
#include "nodes/rows.hpp"
#include "nodes/topology.hpp"

namespace crossfade::nodes {

enum class ColumnKind : std::uint8_t { partition_key, clustering, static_column, regular };

struct Column {
    std::string name;
    ColumnKind kind = ColumnKind::regular;
    std::int32_t position = -1;  // within the partition key or the clustering columns
    bool is_descending = false;  // clustering order
    cql::TypePtr type;           // with frozen as the schema has it
    std::string type_text;       // as system_schema writes it
};

// A secondary index. Its target and, for custom ones, its class are in `options`.
struct Index {
    std::string name, kind;  // COMPOSITES, CUSTOM, KEYS
    std::map<std::string, std::string> options;
};

struct Table {
    std::string keyspace, name;
    Uuid id{};
    // As `SELECT *` gives them: partition key and clustering columns by position, then static, then regular columns by
    // name. Without the columns that COMPACT STORAGE hides.
    std::vector<Column> columns;
    std::size_t partition_key_size = 0, clustering_size = 0;  // the first columns
    std::int32_t gc_grace_seconds = 864000, default_time_to_live = 0;
    bool is_counter = false;
    bool is_view = false;    // a materialized view: not to be written
    std::string base_table;  // of a view
    bool is_dense = false;   // COMPACT STORAGE with clustering columns
    bool is_compact_storage =
        false;  // any COMPACT STORAGE: dense, without clustering columns, or a super column family
    // Every option that is set, as the text that stands behind `WITH name = `.
    std::map<std::string, std::string> options;
    std::vector<Index> indexes;

    const Column* find_column(std::string_view column) const;
    bool has_static_columns() const;
    // Whether there is nothing but the primary key: such rows have no cell that tells a writetime.
    bool is_key_only() const;
    cql::TableName full_name() const { return {keyspace, name}; }
};

struct Keyspace {
    std::string name;
    std::map<std::string, std::string> replication;  // "class" and its options; the class without its package
    bool durable_writes = true;
    std::vector<cql::TypePtr> types;  // UDTs, each after those that it uses
    std::map<std::string, Table, std::less<>> tables;
    std::map<std::string, Table, std::less<>> views;

    cql::TypePtr find_type(std::string_view type) const;  // null when there is none
};

struct Schema {
    std::map<std::string, Keyspace, std::less<>> keyspaces;
    std::set<std::string>
        table_options;                  // the options that this cluster's tables have: columns of system_schema.tables
    std::vector<std::string> warnings;  // what could not be understood, one sentence each

    const Keyspace* find_keyspace(std::string_view name) const;
    // Tables and views; null when there is none.
    const Table* find_table(std::string_view keyspace, std::string_view table) const;
    const Table* find_table(const cql::TableName& name) const { return find_table(name.keyspace, name.table); }
};

// The rows of system_schema that describe some keyspaces. Those that could not be read are empty.
struct SchemaRows {
    SchemaRows() = default;
    Rows keyspaces, types, tables, columns, views, indexes;
};
// What the rows say. What is odd (a type that cannot be understood, a table without key) is taken as an opaque type or
// left out, and named in `warnings`. Pure.
Schema build_schema(const SchemaRows& rows);

// Runs one statement and gives all of its rows: a control connection's or a session's query.
using Ask = std::function<base::Task<base::Result<Rows>>(std::string)>;

// Reads the keyspaces named, or all but the server's own (is_system_keyspace) when none is named. A name that does not
// exist is simply not in the result. Errors: those of `ask` for keyspaces, tables and columns; without types, views or
// indexes there is a warning.
base::Task<base::Result<Schema>> read_schema(Ask ask, std::vector<std::string> keyspaces);

}  // namespace crossfade::nodes
