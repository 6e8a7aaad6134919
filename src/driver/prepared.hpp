// A statement that a cluster has parsed, and what it told about it.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/bytes.hpp"
#include "cql/response.hpp"
#include "driver/rows.hpp"

namespace crossfade::driver {

// Shared by everybody who runs the same text, as shared_ptr<const Prepared>; the session that made it keeps it current:
// when a node forgets it, or its columns change, ids and columns are replaced behind `execute()`.
class Prepared {
public:
    std::string text;
    base::Bytes id, result_metadata_id;       // as first told; result_metadata_id is empty before v5
    std::vector<cql::OwnedColumn> variables;  // one for each bind marker
    std::vector<cql::OwnedColumn> columns;    // of the result; empty for writes
    std::vector<std::uint16_t> key_indices;   // which variables are the partition key, in its order; empty before v4
    std::string prepared_in;                  // the keyspace that was asked for with it (v5); mostly empty
    std::string keyspace, table;              // of the first variable or column; empty when there is none

    Prepared() = default;
    Prepared(const Prepared&) = delete;
    Prepared& operator=(const Prepared&) = delete;

private:
    friend class PreparedCache;
    // What requests use: replaced when the server says something newer. One thread, the session's.
    mutable base::Bytes current_id_, current_result_metadata_id_;
    mutable std::shared_ptr<const nodes::ResultColumns> current_columns_;
};

using PreparedPtr = std::shared_ptr<const Prepared>;

}  // namespace crossfade::driver
