// crossfade.yaml's `migrate` section: what `crossfade migrate` and `crossfade validate` take beside the two clusters.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "cql/protocol.hpp"

namespace crossfade::cli {

class Keys;

struct MigrateSection {
    std::string state_dir;  // base folder; resolved after loading: never empty
    cql::Consistency consistency = cql::Consistency::local_quorum;
    std::int64_t default_timestamp = 1;  // microseconds
    bool row_markers = true;
    std::uint32_t writes_in_flight = 1024;
    std::vector<std::string> proxies;  // admin URLs, as admin_url() gives them
};

// Registers every key of the section ("migrate.state_dir", …), bound to `section`.
void add_migrate_keys(Keys& keys, MigrateSection& section);
// After reading: fills what depends on other values and reports what is wrong together (keys.problem()).
void finish_migrate_section(Keys& keys, MigrateSection& section);

}  // namespace crossfade::cli
