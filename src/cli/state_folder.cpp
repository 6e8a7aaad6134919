#include "cli/state_folder.hpp"

#include <cstdlib>

#include "cli/keys.hpp"

namespace crossfade::cli {

void resolve_state_folder(Keys& keys, const std::string& name, std::string& folder) {
    if (!folder.empty()) return;
    // The XDG base directory specification: a relative value is to be ignored.
    const char* const state_home = std::getenv("XDG_STATE_HOME");
    const char* const home = std::getenv("HOME");
    if (state_home != nullptr && state_home[0] == '/')
        folder = std::string(state_home) + "/crossfade";
    else if (home != nullptr && home[0] != '\0')
        folder = std::string(home) + "/.local/state/crossfade";
    else
        keys.problem(name, "is needed, because neither XDG_STATE_HOME nor HOME says where state may live");
}

}  // namespace crossfade::cli
