// The options of a table (`WITH name = value AND …`): from system_schema's columns to CQL text, and which of them
// matter.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "nodes/cell_values.hpp"
#include "nodes/rows.hpp"

namespace crossfade::nodes {

// 'text' with its quotes doubled.
std::string literal(std::string_view text);
// {'a': '1', 'b': '2'}
std::string literal(const std::map<std::string, std::string>& map);

// Whether a column of system_schema.tables is an option that CREATE TABLE takes.
bool is_table_option(std::string_view column);
// Every option that is set in one row of system_schema.tables or views, each as the text that stands behind `name = `.
std::map<std::string, std::string> read_table_options(const Rows& rows, const RowCursor& row);
// Whether leaving the option out means the same.
bool is_default_option(std::string_view name, std::string_view value);

}  // namespace crossfade::nodes
