// What to write into programs and tools that cannot open a bundle.
#pragma once

#include <string>

#include "bundle/bundle.hpp"

namespace crossfade::cli {

// A page of Markdown with a piece of code for each old driver, with the paths of an unpacked bundle in `folder`
// (absolute). Passwords are named, not shown: they stand in config.json beside it.
std::string old_driver_snippets(const bundle::Bundle& bundle, const std::string& folder);

}  // namespace crossfade::cli
