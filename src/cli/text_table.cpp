#include "cli/text_table.hpp"

#include <algorithm>
#include <array>
#include <ostream>
#include <utility>

namespace crossfade::cli {
namespace {

// Columns that UTF-8 text takes, taking each code point for one.
std::size_t width_of(std::string_view text) {
    return static_cast<std::size_t>(std::count_if(
        text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
}

}  // namespace

std::string printable(std::string_view text) {
    std::string clean(text);
    for (char& c : clean)
        if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = '?';
    return clean;
}

void TextTable::print(std::ostream& out) const {
    std::vector<std::size_t> widths;
    for (const auto& row : rows_) {
        widths.resize(std::max(widths.size(), row.size()));
        for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], width_of(row[i]));
    }
    for (const auto& row : rows_) {
        for (std::size_t i = 0; i < row.size(); ++i) {
            out << printable(row[i]);
            if (i + 1 < row.size()) out << std::string(widths[i] - width_of(row[i]) + 2, ' ');
        }
        out << "\n";
    }
}

std::string with_thousands(std::uint64_t number) {
    std::string text = std::to_string(number);
    for (std::size_t at = text.size(); at > 3; at -= 3) text.insert(at - 3, ",");
    return text;
}

std::string age_text(std::int64_t microseconds) {
    std::int64_t seconds = std::max<std::int64_t>(microseconds / 1000000, 0);
    constexpr std::array<std::pair<std::int64_t, const char*>, 4> units{
        {{86400, " d"}, {3600, " h"}, {60, " min"}, {1, " s"}}};
    std::size_t largest = 0;
    while (largest + 1 < units.size() && seconds < units[largest].first) ++largest;
    std::string text = std::to_string(seconds / units[largest].first) + units[largest].second;
    seconds %= units[largest].first;
    if (largest + 1 < units.size() && seconds >= units[largest + 1].first)
        text += " " + std::to_string(seconds / units[largest + 1].first) + units[largest + 1].second;
    return text;
}

}  // namespace crossfade::cli
