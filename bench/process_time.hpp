// CPU time of a process, from /proc: what other processes do meanwhile does not count.
#pragma once

#include "base/result.hpp"

namespace crossfade::bench {

// Seconds of all threads that it has now, user and system. From schedstat (ns); where the kernel has none, from stat (ticks of 10 ms).
// Errors: not_found when there is no such process.
base::Result<double> cpu_seconds(int process_id);

}  // namespace crossfade::bench
