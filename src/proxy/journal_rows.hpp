// How lists inside a journal's row are written: [int] count, then long strings.
#pragma once

#include <vector>

#include "proxy/journal.hpp"

namespace crossfade::proxy {

base::Bytes encode_tables(const std::vector<cql::TableName>& tables);
base::Bytes encode_statements(const std::vector<JournaledStatement>& statements);
// Errors: kind internal, when the bytes are damaged.
base::Result<std::vector<cql::TableName>> decode_tables(base::ByteView bytes);
base::Result<std::vector<JournaledStatement>> decode_statements(base::ByteView bytes);

}  // namespace crossfade::proxy
