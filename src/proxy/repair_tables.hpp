// What a repair knows of tables on both clusters: schema, and when each was made and emptied.
#pragma once

#include <array>
#include <chrono>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/task.hpp"
#include "driver/session.hpp"
#include "nodes/schema.hpp"
#include "proxy/repair_decision.hpp"

namespace crossfade::proxy {

using SessionPair = std::array<std::shared_ptr<driver::Session>, 2>;  // origin, target

// When the table was made, by the cluster's clock, where its id tells (version 1 uuids); 0 where it does not.
// Microseconds. Pure.
std::int64_t created_us(const nodes::Uuid& table_id);
// system.local's `truncated_at`: by table id, when it was last emptied, microseconds by the cluster's clock. What is
// not understood is left out. Pure.
std::map<nodes::Uuid, std::int64_t> truncations(base::ByteView truncated_at);

// Loop's thread only.
class RepairTables {
public:
    explicit RepairTables(SessionPair sessions) : sessions_(std::move(sessions)) {}

    // Reads what is not known of these keyspaces, or has been known for longer than half a minute. Errors: the
    // session's, with the side.
    base::Task<base::Result<void>> learn(std::vector<cql::TableName> tables);

    // Of what was learned; a table that does not exist otherwise.
    const TableOnSides& find(const cql::TableName& name) const;
    // Null when it does not exist. Lives until the next learn().
    const nodes::Table* table(std::size_t side, const cql::TableName& name) const;
    const nodes::Keyspace* keyspace(std::size_t side, const std::string& name) const;

private:
    struct Known {
        std::array<nodes::Schema, 2> schema;
        std::chrono::steady_clock::time_point read_at;
        std::map<std::string, TableOnSides> tables;
    };
    base::Task<base::Result<void>> read_keyspace(std::string name);
    base::Task<void> read_truncations(std::size_t side);

    SessionPair sessions_;
    std::array<std::map<nodes::Uuid, std::int64_t>, 2> truncated_;
    std::array<bool, 2> knows_truncations_{};
    std::array<std::int64_t, 2> clock_offset_us_{};  // the cluster's clock minus ours
    std::map<std::string, Known> keyspaces_;
};

}  // namespace crossfade::proxy
