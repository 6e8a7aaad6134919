// The system tables that drivers read when they connect, with the columns of Cassandra 4.1: system.local, peers,
// peers_v2, the tables of system_schema with one keyspace `stub` and one table `stub.kv`, and those of
// system_virtual_schema, empty.
#pragma once

#include <string>
#include <vector>

#include "base/result.hpp"
#include "cql/response.hpp"
#include "stub_node/cells.hpp"

namespace crossfade::lab {

struct SystemTable {
    std::vector<cql::OwnedColumn> columns;
    std::vector<std::vector<Cell>> rows;
};

// Rows as they go into an answer.
struct SystemAnswer {
    std::vector<cql::OwnedColumn> columns;
    std::vector<std::vector<Cell>> rows;
};

class SystemTables {
public:
    SystemTables(const NodeOptions& options, const ClusterView& cluster);

    // Nothing when there is no such table. Lives as long as this does. Any thread.
    const SystemTable* find(const cql::TableName& name) const;

    // The columns of a SELECT's answer. Errors: server, with Cassandra's code and words (no such table, no such
    // column).
    base::Result<std::vector<cql::OwnedColumn>> columns_of(const SelectStatement& select) const;
    // The types of its markers, in their order. Same errors.
    base::Result<std::vector<cql::OwnedColumn>> variables_of(const SelectStatement& select) const;
    // All of it; `values` are those of the markers. `now_microseconds` is what now() says. Same errors.
    base::Result<SystemAnswer> answer(const SelectStatement& select, const std::vector<Cell>& values,
                                      std::int64_t now_microseconds) const;

private:
    SystemTable& add(std::string keyspace, std::string table,
                     std::vector<std::pair<std::string, cql::TypePtr>> columns);
    void add_local(const NodeOptions& options, const ClusterView& cluster);
    void add_peers(const NodeOptions& options, const ClusterView& cluster);
    void add_schema(const NodeOptions& options);
    void add_empty_schema();

    std::vector<std::pair<cql::TableName, SystemTable>> tables_;
};

}  // namespace crossfade::lab
