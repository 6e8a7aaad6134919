// Schema as CQL: statements that create a keyspace, type or table like the one that was read.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "nodes/schema.hpp"

namespace crossfade::nodes {

// "CREATE KEYSPACE IF NOT EXISTS …" with `replication` in place of the keyspace's own where given.
std::string describe_keyspace(const Keyspace& keyspace,
                              const std::map<std::string, std::string>* replication = nullptr);
// "CREATE TYPE IF NOT EXISTS ks.type (…)"; Keyspace::types are in the order in which they can be created.
std::string describe_type(const cql::Type& udt);

// What a table's description leaves out, by name, beside its text.
struct TableDescription {
    std::string text;  // "CREATE TABLE IF NOT EXISTS ks.table (…) WITH …"
    std::vector<std::string>
        left_out;  // options that the other cluster does not know, and that are not at their default
};
// With the options that are in `known_options` (Schema::table_options of the cluster that shall have it). Indexes,
// views and triggers are not part of it.
TableDescription describe_table(const Table& table, const std::set<std::string>& known_options);
// "CREATE INDEX …" or "CREATE CUSTOM INDEX … USING …".
std::string describe_index(const Table& table, const Index& index);

}  // namespace crossfade::nodes
