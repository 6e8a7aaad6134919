// What `crossfade migrate` and `crossfade validate` do, from connecting to the summary.
#pragma once

#include <cstdint>
#include <functional>
#include <iosfwd>
#include <optional>
#include <string>
#include <vector>

#include "cells/plan.hpp"
#include "cql/protocol.hpp"
#include "cql/statement.hpp"
#include "nodes/cluster_options.hpp"

namespace crossfade::migrate {

struct RunOptions {
    RunOptions() = default;

    nodes::ClusterOptions origin, target;
    std::vector<cql::TableName> tables;  // as typed: table "*" is all of a keyspace
    std::string state_dir;
    cql::Consistency consistency = cql::Consistency::local_quorum;
    std::int64_t default_timestamp = 1;
    bool writes_row_markers = true;
    bool allows_short_gc_grace = false, creates_schema = false, restarts = false;
    std::uint32_t most_in_flight = 1024;       // writes to the target at once
    std::optional<cells::RepairKinds> repair;  // validate only

    bool is_terminal = false;  // whether `out` is one: the progress line is rewritten
    // Asks a person yes or no; empty: there is nobody to ask.
    std::function<bool(const std::string& question)> ask;
    std::function<bool()> should_stop;  // somebody wants the command to end; asked often
    // How the user called it, without the tables: for messages that say what to type next. "--origin 127.0.0.11
    // --target 127.0.0.21"
    std::string flags;
};

// Each gives the exit code (SEMANTICS, Exit codes). What is wrong goes to `error`, one sentence a line; all else to
// `out`. Runs a loop of its own on the calling thread, to its end.
int migrate(RunOptions options, std::ostream& out, std::ostream& error);
int validate(RunOptions options, std::ostream& out, std::ostream& error);

}  // namespace crossfade::migrate
