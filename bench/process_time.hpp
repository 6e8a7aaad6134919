// CPU time of a process, from /proc: what other processes do meanwhile does not count.
#pragma once

#include "base/result.hpp"

namespace crossfade::bench {

// Seconds of all threads that a process has now.
struct ProcessTime {
    double running = 0;  // user and system
    double waiting = 0;  // could have run and had no CPU
};
// From schedstat (ns); where the kernel has none, from stat (ticks of 10 ms, waiting 0). Errors: not_found when there
// is no such process.
base::Result<ProcessTime> process_time(int process_id);

}  // namespace crossfade::bench
