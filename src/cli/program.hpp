// The program around its commands: finds the command, parses its words, loads its configuration, runs it.
#pragma once

#include <iosfwd>
#include <string>
#include <vector>

#include "cli/command.hpp"

namespace crossfade::cli {

// `words` are the arguments without the program's name. Help and version go to `out`; what is wrong goes to `error`,
// one sentence a line, and gives exit_bad_input with nothing started. Gives the exit code. Once for each process: it
// configures the log.
int run_program(const std::vector<CommandEntry>& commands, const std::vector<std::string>& words, std::ostream& out,
                std::ostream& error);

}  // namespace crossfade::cli
