// What of a statement's text people may see.
#pragma once

#include <string>
#include <string_view>

namespace crossfade::proxy {

// What stands in a shown text where a secret was.
constexpr std::string_view hidden_secret = "'…'";

// The statement with hidden_secret in place of each string after PASSWORD, and of each value of a role's OPTIONS map;
// everything else as written. Of a text that is cut off inside a string, the rest. Pure.
std::string without_secrets(std::string_view statement);

}  // namespace crossfade::proxy
