// The tables of docs/configuration.md, made from the keys themselves.
#pragma once

#include <string>

#include "cli/keys.hpp"

namespace crossfade::cli {

// Markdown: for each section a heading and a table of key, flag, value, default and meaning.
std::string configuration_reference(const Keys& keys);

}  // namespace crossfade::cli
