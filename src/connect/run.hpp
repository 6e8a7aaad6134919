// Everything that `crossfade connect` runs: threads, and starting and stopping it all.
#pragma once

#include "connect/options.hpp"

namespace crossfade::connect {

// Serves until SIGTERM or SIGINT. Gives the exit code: 0 when every request was answered, 20 when some were not, 30
// when something in the configuration cannot work, which it has then said in one sentence. Main thread, before any
// other was made.
int run(const Options& options);

}  // namespace crossfade::connect
