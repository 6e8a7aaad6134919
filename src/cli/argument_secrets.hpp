// Secrets that somebody gave as arguments, where every user of the machine can see them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace crossfade::cli {

// Flags of a command whose values are secrets: "--password", "-p".
struct SecretFlags {
    std::string_view command;
    std::vector<std::string_view> names;
};
const std::vector<SecretFlags>& secret_flags();

// Overwrites the values of secret flags in the process's own arguments, so that ps and /proc show them no more. Copy
// what is needed first. `arguments` begin with the program's name.
void hide_secrets(int count, char** arguments);

}  // namespace crossfade::cli
