// For tests: rows as a server would send them.
#pragma once

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cql/response.hpp"
#include "nodes/rows.hpp"

namespace crossfade::nodes {

using Cell = std::optional<base::Bytes>;

inline Cell text_cell(std::string_view text) {
    return base::Bytes(text.begin(), text.end());
}

inline Cell int_cell(std::int32_t number) {
    base::Bytes bytes(4);
    cql::store_int(bytes.data(), static_cast<std::uint32_t>(number));
    return bytes;
}

// A list, set or map of text: `elements` one after another, `count` of them or of their pairs.
inline Cell collection_cell(const std::vector<std::string>& elements, std::size_t count) {
    base::Bytes bytes;
    cql::Writer out(bytes);
    out.int_number(static_cast<std::int32_t>(count));
    for (const std::string& element : elements) out.bytes(base::bytes_of(element));
    return bytes;
}
inline Cell list_cell(const std::vector<std::string>& elements) {
    return collection_cell(elements, elements.size());
}
inline Cell map_cell(const std::vector<std::string>& keys_and_values) {
    return collection_cell(keys_and_values, keys_and_values.size() / 2);
}

inline cql::OwnedColumn column(std::string name, cql::TypeCode code) {
    return {"ks", "t", std::move(name), cql::simple_type(code)};
}
inline cql::OwnedColumn column(std::string name, cql::TypePtr type) {
    return {"ks", "t", std::move(name), std::move(type)};
}
inline cql::TypePtr texts() {
    return cql::list_type(cql::simple_type(cql::TypeCode::varchar), true);
}
inline cql::TypePtr text_map() {
    const cql::TypePtr text = cql::simple_type(cql::TypeCode::varchar);
    return cql::map_type(text, text, true);
}

// The message of a RESULT: what stands behind the frame's header.
inline base::Bytes rows_message(const std::vector<cql::OwnedColumn>& columns,
                                const std::vector<std::vector<Cell>>& rows,
                                cql::ProtocolVersion version = cql::ProtocolVersion::v4) {
    base::Bytes frame;
    cql::append_rows(frame, version, 0, columns, rows);
    return {frame.begin() + cql::frame_header_size, frame.end()};
}

inline Rows made_rows(const std::vector<cql::OwnedColumn>& columns, const std::vector<std::vector<Cell>>& rows) {
    auto read = Rows::read(cql::ProtocolVersion::v4, rows_message(columns, rows), nullptr);
    EXPECT_TRUE(read) << read.error().message;
    return read ? std::move(*read) : Rows();
}

}  // namespace crossfade::nodes
