// Telling databases apart whose clusters all have one name: Astra's are called alike, and bear the database's id in the
// name of their metadata service. Pure.
#pragma once

#include <string>
#include <string_view>

namespace crossfade::nodes {

// The uuid that a host name begins with, as in "0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9-us-east1.db.example.com", in lower
// case; empty where there is none.
std::string database_id(std::string_view host);

// "cndb 0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9"; the name alone where `host` has no id.
std::string name_with_database(const std::string& cluster_name, std::string_view host);

}  // namespace crossfade::nodes
