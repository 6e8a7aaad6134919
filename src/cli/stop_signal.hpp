// Notices Ctrl-C and SIGTERM, so that a command can end in good order (exit 75).
#pragma once

#include <csignal>

namespace crossfade::cli {

// While one lives, the first SIGINT or SIGTERM is only remembered; the second ends the process as usual. One at a time;
// main thread.
class StopSignal {
public:
    StopSignal();
    ~StopSignal();
    StopSignal(const StopSignal&) = delete;
    StopSignal& operator=(const StopSignal&) = delete;

    // Whether one has come. Any thread.
    static bool has_come();

private:
    struct sigaction previous_interrupt_ {
    }, previous_terminate_{};
};

}  // namespace crossfade::cli
