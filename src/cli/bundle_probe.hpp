// Connects with a bundle as a driver would, one step after the other.
#pragma once

#include <chrono>
#include <functional>
#include <string>

#include "base/task.hpp"
#include "bundle/bundle.hpp"
#include "net/loop.hpp"
#include "nodes/cluster_options.hpp"

namespace crossfade::cli {

struct ProbeOptions {
    ProbeOptions() = default;

    nodes::Credentials credentials;             // without a user: as far as the node's demand for one
    std::chrono::milliseconds timeout{10'000};  // for each step
};

// One step that was taken: what, whether it worked, and in words what was found or what to do.
using ProbeReport = std::function<void(const std::string& step, bool is_good, const std::string& words)>;

// Opens the metadata service, then CQL on every contact point by server name, logs in, and asks each node who it is.
// Gives whether all of it worked. On the loop's thread; `loop` and what `report` uses outlive the task.
base::Task<bool> probe_bundle(net::Loop& loop, bundle::Bundle bundle, ProbeOptions options, ProbeReport report);

}  // namespace crossfade::cli
