// Which partitions a journaled request writes.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/task.hpp"
#include "driver/session.hpp"
#include "proxy/repair_replay.hpp"
#include "proxy/repair_tables.hpp"

namespace crossfade::proxy {

// The components of one partition key.
using KeyComponents = std::vector<base::Bytes>;

struct TableNameOrder {
    bool operator()(const cql::TableName& a, const cql::TableName& b) const {
        return std::tie(a.keyspace, a.table) < std::tie(b.keyspace, b.table);
    }
};

struct WrittenPartitions {
    WrittenPartitions() = default;

    std::map<cql::TableName, std::set<KeyComponents>, TableNameOrder> partitions;
    std::set<cql::TableName, TableNameOrder> whole_tables;  // where it cannot be told
};

// A serialized key in its components. Nothing, when it is no key of so many. Pure.
std::optional<KeyComponents> split_key(base::ByteView serialized, std::size_t component_count);

// What is bound is taken from the values; what stands in the text is asked of both clusters, so that only partitions
// that exist are found (what exists on neither is equal). Loop's thread. Errors: the session's; a statement that a
// cluster refuses counts as "cannot be told".
base::Task<base::Result<WrittenPartitions>> written_partitions(SessionPair sessions, const RepairTables& tables,
                                                               std::shared_ptr<const JournalEntry> entry);

}  // namespace crossfade::proxy
