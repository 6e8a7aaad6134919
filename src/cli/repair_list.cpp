#include "cli/repair_list.hpp"

namespace crossfade::cli {

std::optional<cells::RepairKinds> repair_kinds(std::string_view list) {
    cells::RepairKinds kinds;
    kinds.missing = kinds.different = kinds.extra = false;
    for (std::size_t begin = 0; begin <= list.size();) {
        const std::size_t end = std::min(list.find(',', begin), list.size());
        const std::string_view word = list.substr(begin, end - begin);
        if (word == "missing")
            kinds.missing = true;
        else if (word == "different")
            kinds.different = true;
        else if (word == "extra")
            kinds.extra = true;
        else
            return std::nullopt;
        begin = end + 1;
    }
    return kinds;
}

std::vector<std::string> with_repair_list(std::vector<std::string> words) {
    std::vector<std::string> out;
    for (std::size_t i = 0; i < words.size(); ++i) {
        if (words[i] != "--repair") {
            out.push_back(std::move(words[i]));
            continue;
        }
        const bool has_list = i + 1 < words.size() && repair_kinds(words[i + 1]).has_value();
        out.push_back("--repair=" + (has_list ? words[++i] : std::string("missing,different")));
    }
    return out;
}

}  // namespace crossfade::cli
