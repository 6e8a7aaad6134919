// Reading the few types that system tables have, from the cells of a row. A null, empty or missing cell reads as the
// empty value.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "nodes/rows.hpp"

namespace crossfade::nodes {

// The cells of one row by column name. Cheap to make for a few rows; the Rows outlive it.
class NamedCells {
public:
    NamedCells(const Rows& rows, const RowCursor& row) : rows_(rows), row_(row) {}

    bool has(std::string_view column) const;  // there is such a column, and its cell is not null
    std::string_view text(std::string_view column) const;
    std::int32_t int_number(std::string_view column, std::int32_t otherwise) const;
    double double_number(std::string_view column) const;
    bool boolean(std::string_view column) const;
    std::array<std::uint8_t, 16> uuid(std::string_view column) const;   // zeros when it is none
    std::string inet(std::string_view column) const;                    // textual IP
    std::vector<std::string> text_list(std::string_view column) const;  // list or set of text
    std::map<std::string, std::string> text_map(std::string_view column) const;

private:
    base::ByteView cell(std::string_view column) const;

    const Rows& rows_;
    const RowCursor& row_;
};

}  // namespace crossfade::nodes
