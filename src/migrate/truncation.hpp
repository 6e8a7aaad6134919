// Whether a table was truncated, dropped or made anew on a cluster since an instant: what a copy beside it cannot
// survive unseen (SEMANTICS, Copy beside live traffic).
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "base/result.hpp"
#include "base/task.hpp"
#include "cql/statement.hpp"
#include "driver/session.hpp"
#include "nodes/topology.hpp"

namespace crossfade::migrate {

// The time of the last TRUNCATE, in milliseconds since 1970, from a value of system.local.truncated_at's map: a commit
// log position (12 bytes) and the time (8 bytes). Nothing for other bytes.
std::optional<std::int64_t> truncation_time_ms(base::ByteView value);

// A table on one cluster as of one look at it.
struct TableMoment {
    bool exists = false;
    nodes::Uuid id{};
    std::optional<std::int64_t> truncated_ms;  // by the cluster's clock; nothing: never, or the cluster does not tell
    bool tells_truncation = true;
    std::int64_t now_ms = 0;  // of the cluster, at the latest
};
// Errors: those of the session's queries.
base::Task<base::Result<TableMoment>> look_at_table(std::shared_ptr<driver::Session> session, cql::TableName name);

// When copying begins: an instant, by the cluster's clock, that a TRUNCATE seen before is older than, and every later
// one is not.
std::int64_t beginning_ms(const TableMoment& moment);
// What happened to the table since `begun_ms`, as the end of a sentence ("was truncated"); empty: nothing.
std::string what_happened(const TableMoment& moment, const nodes::Uuid& id, std::int64_t begun_ms);

}  // namespace crossfade::migrate
