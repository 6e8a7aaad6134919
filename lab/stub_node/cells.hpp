// Values of CQL types as the bytes that stand in a row, and reading literals.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cql/type.hpp"
#include "stub_node/cluster_view.hpp"
#include "stub_node/select_statement.hpp"

namespace crossfade::lab {

using Cell = std::optional<base::Bytes>;  // nothing: null

Cell text_cell(std::string_view text);
Cell boolean_cell(bool value);
Cell int_cell(std::int32_t value);
Cell bigint_cell(std::int64_t value);
Cell double_cell(double value);
Cell uuid_cell(const Uuid& id);
Cell inet_cell(const std::string& address);  // a textual IP; null otherwise
Cell text_set_cell(const std::vector<std::string>& items);
Cell text_map_cell(const std::map<std::string, std::string>& entries);
// A version 1 UUID of that instant, in microseconds since 1970; `serial` makes those of one instant differ.
Uuid time_uuid(std::int64_t microseconds, std::uint16_t serial);

// The bytes of a literal that is compared with a column of `type`; nothing when it is no value of it.
Cell literal_cell(const Operand& literal, cql::TypeCode type);

}  // namespace crossfade::lab
