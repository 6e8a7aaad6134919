#include "nodes/database_id.hpp"

#include <cctype>

namespace crossfade::nodes {

std::string database_id(std::string_view host) {
    constexpr std::size_t length = 36;
    if (host.size() < length) return {};
    std::string id;
    for (std::size_t i = 0; i < length; ++i) {
        const auto letter = static_cast<unsigned char>(host[i]);
        const bool is_right = i == 8 || i == 13 || i == 18 || i == 23 ? letter == '-' : std::isxdigit(letter) != 0;
        if (!is_right) return {};
        id += static_cast<char>(std::tolower(letter));
    }
    // More of the same word is no uuid.
    const bool ends = host.size() == length || host[length] == '-' || host[length] == '.';
    return ends ? id : std::string();
}

std::string name_with_database(const std::string& cluster_name, std::string_view host) {
    const std::string id = database_id(host);
    return id.empty() ? cluster_name : cluster_name + " " + id;
}

}  // namespace crossfade::nodes
