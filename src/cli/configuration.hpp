// What crossfade.yaml and the flags say, as the structs that the parts of the program take.
#pragma once

#include <string>
#include <vector>

#include "base/log.hpp"
#include "cli/cluster_section.hpp"
#include "cli/keys.hpp"
#include "cli/migrate_section.hpp"
#include "nodes/cluster_options.hpp"
#include "proxy/options.hpp"

namespace crossfade::cli {

// crossfade.yaml's `log` section.
struct LogSection {
    base::LogLevel level = base::LogLevel::info;
    bool is_json = false;
};

// Filled by load(). `proxy.origin` and `proxy.target` are copies of `origin` and `target`. Does not move: keys point
// into it.
class Configuration {
public:
    Configuration();
    Configuration(const Configuration&) = delete;
    Configuration& operator=(const Configuration&) = delete;

    nodes::ClusterOptions origin, target;
    proxy::Options proxy;
    MigrateSection migrate;
    LogSection log;

    Keys& keys() { return keys_; }
    const Keys& keys() const { return keys_; }

    struct Flag {
        std::string key, text;
    };
    // Reads `file` (empty: none), then the flags, then checks what the named sections need. Gives all problems, one
    // sentence each; none: the configuration may be used. Call once.
    std::vector<std::string> load(const std::string& file, const std::vector<Flag>& flags,
                                  const std::vector<std::string>& needed_sections);

private:
    ClusterSection origin_section_, target_section_;
    Keys keys_;
};

}  // namespace crossfade::cli
