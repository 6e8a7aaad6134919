#include "nodes/cluster_pair.hpp"

#include <cctype>

namespace crossfade::nodes {

std::string pair_folder(const std::string& origin_cluster, const std::string& target_cluster) {
    const auto cleaned = [](const std::string& name) {
        std::string text;
        for (const char c : name) text += std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-' ? c : '_';
        return text.empty() ? std::string("cluster") : text.substr(0, 80);
    };
    return cleaned(origin_cluster) + "_to_" + cleaned(target_cluster);
}

}  // namespace crossfade::nodes
