// Runs `crossfade proxy` until it is told to stop.
#pragma once

#include "proxy/options.hpp"

namespace crossfade::proxy {

// Starts, serves, and returns the exit code when SIGTERM or SIGINT came: 0 after a clean stop, 20 when requests had to
// be cut off, 30 when it could not start (said on standard error). Blocks the calling thread; makes its own.
int run(const Options& options);

}  // namespace crossfade::proxy
