// Walks one crossfade.yaml and gives what it says to the keys, with the line of each.
#pragma once

#include <set>
#include <string>
#include <string_view>

#include "cli/keys.hpp"

namespace YAML {
class Node;
}

namespace crossfade::cli {

class FileReader {
public:
    FileReader(Keys& keys, std::string path) : keys_(keys), path_(std::move(path)) {}
    // `text` is the whole file. Everything that is wrong becomes a problem of the keys. False: it is no YAML, or no
    // configuration at all.
    bool read(const std::string& text);

private:
    void read_section(const YAML::Node& section, const std::string& name);
    void read_entry(const YAML::Node& value, const std::string& name, const std::string& place);
    void read_list(const Key& key, const YAML::Node& value, const std::string& place);
    void unknown(const std::string& name, const std::string& place);
    std::string place_of(const YAML::Node& node, const std::string& name) const;
    void problem(const std::string& name, const std::string& place, const std::string& what) {
        keys_.complain(name, place, what);
    }

    Keys& keys_;
    const std::string path_;
};

}  // namespace crossfade::cli
