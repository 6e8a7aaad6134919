// What a cluster's schema is, what a traced request did, what a session has counted. Plain values.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "crossfade/data_type.hpp"
#include "crossfade/values.hpp"

namespace crossfade {

enum class ColumnKind : std::uint8_t { partition_key, clustering, static_column, regular };

struct TableColumn {
    std::string name;
    ColumnKind kind = ColumnKind::regular;
    bool is_descending = false;  // clustering order
    DataType type;               // valid as long as the SchemaMetadata
};

struct TableMetadata {
    std::string keyspace, name;
    Uuid id;
    // As `SELECT *` gives them: partition key, clustering columns, static, regular by name.
    std::vector<TableColumn> columns;
    std::size_t partition_key_size = 0, clustering_size = 0;
    bool is_view = false;
    std::string base_table;                      // of a view
    std::map<std::string, std::string> options;  // as the text behind `WITH name = `
    std::vector<std::string> indexes;            // as CREATE INDEX statements
    std::string create_statement;                // CREATE TABLE; empty for views

    const TableColumn* find_column(std::string_view column) const;  // null when there is none
};

struct KeyspaceMetadata {
    std::string name;
    std::map<std::string, std::string> replication;  // "class" and its options
    bool durable_writes = true;
    std::map<std::string, TableMetadata, std::less<>> tables, views;
    std::map<std::string, DataType, std::less<>> types;  // UDTs
};

// The schema at one moment, but for the server's own keyspaces. Immutable.
class SchemaMetadata {
public:
    // By name; as long as this.
    const std::map<std::string, KeyspaceMetadata, std::less<>>& keyspaces() const noexcept { return keyspaces_; }
    // Null when there is none. Of tables and views.
    const KeyspaceMetadata* find_keyspace(std::string_view name) const;
    // The same.
    const TableMetadata* find_table(std::string_view keyspace, std::string_view table) const;
    // What could not be understood, one sentence each.
    const std::vector<std::string>& warnings() const noexcept { return warnings_; }

private:
    friend class Session;
    std::shared_ptr<const void> types_;  // what DataTypes are views of
    std::map<std::string, KeyspaceMetadata, std::less<>> keyspaces_;
    std::vector<std::string> warnings_;
};

struct TraceEvent {
    std::string activity, source, thread;
    std::chrono::microseconds elapsed{0};
};
struct QueryTrace {
    Uuid id;
    std::string request, coordinator, client;
    std::map<std::string, std::string> parameters;
    Timestamp started_at;
    std::chrono::microseconds duration{0};
    std::vector<TraceEvent> events;  // in their order
};

// Of one session, since it was connected.
struct Metrics {
    std::uint64_t requests = 0;     // that were begun: executions, speculative ones, and PREPAREs
    std::uint64_t errors = 0;       // execute() calls that failed
    std::uint64_t retries = 0;      // further tries
    std::uint64_t speculative = 0;  // executions beside the first
    std::uint64_t timeouts = 0;
    std::uint64_t reprepares = 0;
    std::uint64_t failovers = 0;  // times that it went to another region or datacenter, or back
    std::uint32_t open_connections = 0, in_flight = 0;
    std::uint32_t waiting = 0;  // for room on a connection
    // Of execute() calls that succeeded, from their begin on the driver's thread to their answer; within 2 %, and as
    // coarse as one turn of the loop.
    std::uint64_t latency_count = 0;
    std::chrono::microseconds latency_p50{0}, latency_p95{0}, latency_p99{0}, latency_p999{0}, latency_max{0};
};

}  // namespace crossfade
