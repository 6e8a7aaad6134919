// The key of one row, or of one partition's static columns, that outlives the page it was read from.
#pragma once

#include <string>
#include <vector>

#include "cells/cell.hpp"
#include "cells/layout.hpp"

namespace crossfade::cells {

struct RowKey {
    RowKey() = default;
    RowKey(bool statics, const PartitionKey& key, const std::vector<ByteView>& row_clustering);

    bool of_statics = false;
    std::vector<Bytes> partition, clustering;
    cql::Token token = 0;

    PartitionKey partition_key() const;  // views of this
    std::vector<ByteView> clustering_views() const;
    bool operator==(const RowKey&) const = default;
};

// "k = 1 AND c = 'x'": what may stand behind WHERE.
std::string to_cql(const Layout& layout, const RowKey& key);
// {"k":1,"c":"x"}
std::string to_json(const Layout& layout, const RowKey& key);

}  // namespace crossfade::cells
