#include "cli/commands.hpp"

namespace crossfade::cli {

std::vector<CommandEntry> commands() {
    return {
        {"proxy",
         "serves applications: every write goes to both clusters",
         {"origin", "target", "proxy", "log"},
         make_proxy_command},
        {"migrate",
         "copies tables from the origin to the target, every cell with its own writetime and TTL",
         {"origin", "target", "migrate", "log"},
         make_migrate_command},
        {"validate",
         "compares tables of both clusters cell by cell, and repairs what differs when asked to",
         {"origin", "target", "migrate", "log"},
         make_validate_command},
        {"phase", "shows or switches the phase of running proxies", {}, make_phase_command},
        {"journal", "shows or repairs the writes that only one cluster is known to have", {}, make_journal_command},
        {"bundle", "makes, shows, unpacks, tries and fetches Secure Connect Bundles", {}, make_bundle_command},
        {"connect", "a plain CQL endpoint for drivers and tools that cannot open a bundle", {}, make_connect_command},
        {"gateway", "gives any cluster a Secure Connect Bundle and application tokens", {}, make_gateway_command},
        {"configuration-reference",
         "prints the tables of docs/configuration.md",
         {},
         make_configuration_reference_command,
         true},
    };
}

}  // namespace crossfade::cli
