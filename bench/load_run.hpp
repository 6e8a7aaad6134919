// One run of the load generator: all its connections on all its threads, from connecting to the last answer.
#pragma once

#include "base/result.hpp"
#include "load_options.hpp"
#include "load_result.hpp"

namespace crossfade::bench {

struct LoadReport {
    LoadResult result;
    Window window;
};

// Blocks the calling thread until it is over. What went wrong with requests is in the result. Errors: connection, when
// not one connection could begin; not_found, when there is no watched process; timeout, when connecting took longer
// than options.patience.
base::Result<LoadReport> run_load(const LoadOptions& options);

}  // namespace crossfade::bench
