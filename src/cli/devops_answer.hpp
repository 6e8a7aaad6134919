// What Astra's DevOps API answers when it is asked for a database's bundles.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace crossfade::cli {

// Where a region's bundle can be fetched from, for a few minutes. The URL lets anybody in: it is not printed.
struct BundleSource {
    std::string region;  // empty: not said
    std::string url;
};

// One or several: the API answers with an object, or with a list where all were asked for. Errors: protocol, with
// `where` in front.
base::Result<std::vector<BundleSource>> parse_bundle_sources(const std::string& where, std::string_view body);

// Those that are wanted: all; or that of a region, or the only one there is. Errors: bad_input, naming the regions.
base::Result<std::vector<BundleSource>> choose_sources(std::vector<BundleSource> sources, const std::string& region,
                                                       bool wants_all);

}  // namespace crossfade::cli
