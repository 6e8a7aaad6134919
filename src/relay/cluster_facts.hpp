// What is known of one cluster at one moment, as far as a front of it needs it. A value; shared between loops once
// made.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cql/response.hpp"
#include "nodes/schema.hpp"
#include "nodes/topology.hpp"

namespace crossfade::relay {

// A system table as a cluster answered it: owned, so that it can be served again with other cells.
struct SystemTable {
    std::vector<cql::OwnedColumn> columns;
    std::vector<std::vector<std::optional<base::Bytes>>> rows;
};

struct ClusterFacts {
    bool was_seen = false;
    cql::ProtocolVersion highest_version = cql::ProtocolVersion::v4;
    std::string authenticator;  // empty: no login is asked for
    std::map<std::string, std::vector<std::string>> supported;
    std::shared_ptr<const nodes::Topology> topology;
    std::string local_datacenter;
    std::shared_ptr<const nodes::Schema> schema;  // null while it could not be read, or was not asked for
    SystemTable local, peers, peers_v2;
    std::string last_error;
};

// All versions, newer first.
const std::vector<cql::ProtocolVersion>& versions_by_age();
// Whether a client may begin with a version: the cluster speaks it; v4 at most until it was seen, since a client keeps
// the version that it began with.
bool speaks(const ClusterFacts& cluster, cql::ProtocolVersion version);

}  // namespace crossfade::relay
