// What belongs to a pair of clusters on disk is named after both (SEMANTICS, State).
#pragma once

#include <string>

namespace crossfade::nodes {

// "origin_cluster_to_target_cluster" as a folder's name: letters, digits, '-' and '_'; what else there is becomes '_'.
// Different pairs can have the same: what is in the folder must say whose it is.
std::string pair_folder(const std::string& origin_cluster, const std::string& target_cluster);

}  // namespace crossfade::nodes
