// A subcommand of `crossfade`: what it adds to the command line and what it does.
#pragma once

#include <iosfwd>
#include <memory>
#include <string>
#include <vector>

#include "cli/configuration.hpp"
#include "cli/exit_code.hpp"

namespace CLI {
class App;
}

namespace crossfade::cli {

// Made once for each run of the program. Main thread.
class Command {
public:
    virtual ~Command() = default;

    // Adds what this command takes beside configuration keys: positional arguments, own flags, subcommands of its own.
    // Options keep their values in members of this object. Defaults are shown by CLI11's capture_default_str() or
    // default_str(). Keys get their flags by themselves: see CommandEntry::sections.
    virtual void add_arguments(CLI::App& app) = 0;
    // The words after the command's name, before they are parsed; for a flag whose value is optional (`--repair [LIST]`
    // → `--repair=LIST`).
    virtual std::vector<std::string> rewrite(std::vector<std::string> words) const { return words; }
    // What it needs after parsing that is no single key's matter: one sentence for each problem (each ends with exit
    // 30).
    virtual std::vector<std::string> check(const Configuration&) const { return {}; }
    // Does it. The configuration is complete and checked, the log configured. Gives the exit code (ExitCode).
    virtual int run(const Configuration& configuration, std::ostream& out, std::ostream& error) = 0;
};

struct CommandEntry {
    const char* name;
    const char* summary;                // one line for `crossfade --help`, without a full stop
    std::vector<std::string> sections;  // of crossfade.yaml that it reads; its flags are those sections' keys, and
                                        // --config. None: no configuration at all
    std::unique_ptr<Command> (*make)();
    bool is_hidden = false;  // left out of help
};

}  // namespace crossfade::cli
