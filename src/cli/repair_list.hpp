// The LIST of `crossfade validate --repair [LIST]`: which differences are repaired. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cells/plan.hpp"

namespace crossfade::cli {

// "missing,different,extra", some of them in any order: all words must be among these three. Nothing for anything else.
std::optional<cells::RepairKinds> repair_kinds(std::string_view list);

// LIST stands after '=' or as the next word; a next word that is not made of the three is a table. Without LIST it is
// `missing,different`. Gives the words with LIST always behind '=', so that a parser cannot take a table for it.
std::vector<std::string> with_repair_list(std::vector<std::string> words);

}  // namespace crossfade::cli
