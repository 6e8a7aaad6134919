// What the program's exit code tells (SEMANTICS, Exit codes). The same for every command.
#pragma once

#include "base/result.hpp"

namespace crossfade::cli {

enum ExitCode : int {
    exit_done = 0,
    exit_differences = 10,  // differences remain
    exit_partial = 20,      // parts failed or could not be compared; they are named
    exit_bad_input = 30,    // bad configuration or input; nothing was started
    exit_interrupted = 75,  // interrupted, can be resumed
};

// The code for a command that ends because of `error`.
inline ExitCode exit_code_of(const base::Error& error) {
    switch (error.kind) {
        case base::ErrorKind::bad_input:
        case base::ErrorKind::bad_configuration:
            return exit_bad_input;
        case base::ErrorKind::interrupted:
            return exit_interrupted;
        default:
            return exit_partial;
    }
}

}  // namespace crossfade::cli
