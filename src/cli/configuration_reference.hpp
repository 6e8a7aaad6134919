// The tables of docs/configuration.md, made from the keys themselves.
#pragma once

#include <string>

#include "cli/keys.hpp"

namespace crossfade::cli {

// The line of docs/configuration.md below which everything is the reference.
inline constexpr const char* reference_begins =
    "<!-- Below this line the file is written by: crossfade configuration-reference --into docs/configuration.md -->";

// Markdown: for each section a heading and a table of key, flag, value, default and meaning.
std::string configuration_reference(const Keys& keys);

}  // namespace crossfade::cli
