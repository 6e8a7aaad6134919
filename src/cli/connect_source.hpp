// Where the cluster of `crossfade connect` is, and how to log in to it: a bundle, a token that fetches one, or contact
// points. For connect_options.cpp.
#pragma once

#include "cli/connect_options.hpp"

namespace crossfade::cli {

// Fills the result's cluster and metadata service. As make_connect_options() says.
void take_source(const ConnectSettings& settings, ConnectSettingTable& table, ConnectOptionsResult& result);
// Whether every user of the machine can read a file.
bool is_open_to_others(const std::string& path);

}  // namespace crossfade::cli
