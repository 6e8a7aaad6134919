// What `crossfade migrate` and `crossfade validate` have in common on the command line: tables, and the run that they
// ask for.
#pragma once

#include <string>
#include <vector>

#include "cli/configuration.hpp"
#include "migrate/run.hpp"

namespace CLI {
class App;
}

namespace crossfade::cli {

class TableArguments {
public:
    // Adds the tables and --restart.
    void add_to(CLI::App& app);
    // One sentence for each word that names no table, and one when there is none.
    std::vector<std::string> problems() const;
    // Precondition: no problems. `words` are those of the command line; for messages that say what to type next.
    migrate::RunOptions run_options(const Configuration& configuration, const std::vector<std::string>& words) const;

private:
    std::vector<std::string> names_;
    bool restarts_ = false;
};

// Those of `words` that say how to reach the clusters and where state is, for the shell: without tables and what is one
// command's own.
std::string lasting_flags(const std::vector<std::string>& words, const std::vector<std::string>& tables);

}  // namespace crossfade::cli
