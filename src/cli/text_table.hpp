// Columns of text for a terminal.
#pragma once

#include <cstdint>
#include <iosfwd>
#include <string>
#include <string_view>
#include <vector>

namespace crossfade::cli {

// Rows under a heading, columns as wide as their widest cell, the last one as long as it is. Control characters in
// cells become '?': keys and statements come from applications.
class TextTable {
public:
    explicit TextTable(std::vector<std::string> heading) : rows_{std::move(heading)} {}
    void add(std::vector<std::string> row) { rows_.push_back(std::move(row)); }
    bool is_empty() const { return rows_.size() == 1; }
    void print(std::ostream& out) const;

private:
    std::vector<std::vector<std::string>> rows_;
};

// 1234567 → "1,234,567".
std::string with_thousands(std::uint64_t number);
// How long ago, in its two largest units: "3 d 4 h", "12 min 5 s", "0 s". Negative is "0 s".
std::string age_text(std::int64_t microseconds);
// `text` without control characters.
std::string printable(std::string_view text);

}  // namespace crossfade::cli
