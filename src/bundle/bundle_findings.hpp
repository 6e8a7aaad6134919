// What is wrong with a bundle that can be read: dates that have passed, parts that do not fit together.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "bundle/bundle.hpp"

namespace crossfade::bundle {

struct BundleFinding {
    bool is_problem = false;  // some driver, or all, will be refused; else it is worth knowing
    std::string text;         // "cert: ended 3 days ago; download the bundle again"
};

constexpr std::chrono::days warn_before_end{30};

// Looks at dates, whether key, certificate and authority belong together, and whether every key store opens with its
// password and holds the same. `files` are those that `bundle` was read from. No text has a secret in it.
std::vector<BundleFinding> examine(const Bundle& bundle, const std::vector<ZipEntry>& files,
                                   std::chrono::sys_seconds now);

}  // namespace crossfade::bundle
