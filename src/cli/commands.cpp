#include "cli/commands.hpp"

namespace crossfade::cli {

std::vector<CommandEntry> commands() {
    return {
        {"configuration-reference", "prints the tables of docs/configuration.md", {}, make_configuration_reference_command, true},
    };
}

}  // namespace crossfade::cli
