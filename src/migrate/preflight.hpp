// Before anything is copied: which tables, whether they can be copied cell by cell, and what cannot be exact. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "cells/layout.hpp"
#include "cql/statement.hpp"
#include "cql/type.hpp"
#include "nodes/schema.hpp"

namespace crossfade::migrate {

// The tables that patterns (KS.TABLE, KS.*, quoted names) name on the origin.
struct Selection {
    std::vector<cql::TableName> tables;  // each once, in the order of the patterns, those of a `*` by name
    std::vector<std::string> skipped;    // materialized views that `*` would have named, one sentence each
    std::vector<std::string> problems;   // what is no table of the origin, one sentence each
};
Selection select_tables(const std::vector<cql::TableName>& patterns, const nodes::Schema& origin);

// What speaks for and against copying one table to its twin. The layout has the columns that both have.
struct TableFindings {
    cells::Layout layout;
    std::vector<std::string> notes;     // what differs and is copied all the same, and how; one sentence each
    std::vector<std::string> problems;  // why it is not copied
};
TableFindings compare_tables(const nodes::Table& origin, const nodes::Table& target);

// Whether the bytes of every value of `from` are a value of `to` with the same meaning.
bool bytes_may_pass(const cql::Type& from, const cql::Type& to);

// Nothing, or why the target's gc_grace_seconds is too short for a run that takes about `seconds`: a deletion could be
// forgotten by the target before the cell that it deletes is written there.
std::optional<std::string> gc_grace_problem(const nodes::Table& target, double seconds);

// Statements that create what the target lacks for these tables: keyspaces, types, tables, their indexes; in order.
struct Creation {
    std::vector<std::string> statements;
    std::vector<std::string> notes;    // what will not be as on the origin, one sentence each
    std::vector<std::string> missing;  // what is created: "keyspace shop", "table shop.users"
};
// `datacenters`: of the target, the local one first. A keyspace whose datacenters the target does not have gets the
// same number of replicas in the local one, at most one for each of its `nodes`.
Creation create_missing(const std::vector<cql::TableName>& tables, const nodes::Schema& origin,
                        const nodes::Schema& target, const std::vector<std::string>& datacenters, std::size_t nodes);

}  // namespace crossfade::migrate
