// Every command that `crossfade` has, each made in a file of its own.
#pragma once

#include <memory>
#include <vector>

#include "cli/command.hpp"

namespace crossfade::cli {

std::unique_ptr<Command> make_proxy_command();
std::unique_ptr<Command> make_migrate_command();
std::unique_ptr<Command> make_validate_command();
std::unique_ptr<Command> make_phase_command();
std::unique_ptr<Command> make_journal_command();
std::unique_ptr<Command> make_bundle_command();
std::unique_ptr<Command> make_connect_command();
std::unique_ptr<Command> make_gateway_command();
std::unique_ptr<Command> make_configuration_reference_command();

// The table, in the order of the help.
std::vector<CommandEntry> commands();

}  // namespace crossfade::cli
