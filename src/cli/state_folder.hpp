// Where local state lives unless told (SEMANTICS, State).
#pragma once

#include <string>

namespace crossfade::cli {

class Keys;

// As help texts show it.
inline constexpr const char* default_state_folder_text = "$XDG_STATE_HOME/crossfade, else ~/.local/state/crossfade";

// Fills an empty `folder` with the default. Without XDG_STATE_HOME and HOME that is a problem of the key `name`.
void resolve_state_folder(Keys& keys, const std::string& name, std::string& folder);

}  // namespace crossfade::cli
