// From the settings of `crossfade connect` to what it runs with: files are read, a bundle is opened or fetched, and
// what belongs together is checked.
#pragma once

#include <string>
#include <vector>

#include "cli/connect_settings.hpp"
#include "connect/options.hpp"

namespace crossfade::cli {

// All problems go to `table`; then the result is of no use. Asks the DevOps API where a token is given.
struct ConnectOptionsResult {
    connect::Options options;
    std::vector<std::string> warnings;
    base::Result<void> fetched;  // what went wrong with the DevOps API: no problem of the settings
};
ConnectOptionsResult make_connect_options(const ConnectSettings& settings, ConnectSettingTable& table);

}  // namespace crossfade::cli
