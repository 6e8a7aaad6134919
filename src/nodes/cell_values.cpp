#include "nodes/cell_values.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <bit>

namespace crossfade::nodes {

base::ByteView NamedCells::cell(std::string_view column) const {
    const auto index = rows_.column_index(column);
    return index ? row_.cell(*index).bytes : base::ByteView();
}

bool NamedCells::has(std::string_view column) const {
    const auto index = rows_.column_index(column);
    return index && row_.cell(*index).state == cql::ValueView::State::bytes;
}

std::string_view NamedCells::text(std::string_view column) const {
    return base::text_of(cell(column));
}

std::int32_t NamedCells::int_number(std::string_view column, std::int32_t otherwise) const {
    const base::ByteView bytes = cell(column);
    return bytes.size() == 4 ? static_cast<std::int32_t>(cql::load_int(bytes.data())) : otherwise;
}

double NamedCells::double_number(std::string_view column) const {
    const base::ByteView bytes = cell(column);
    if (bytes.size() != 8) return 0;
    const std::uint64_t high = cql::load_int(bytes.data()), low = cql::load_int(bytes.data() + 4);
    return std::bit_cast<double>((high << 32U) | low);
}

bool NamedCells::boolean(std::string_view column) const {
    const base::ByteView bytes = cell(column);
    return bytes.size() == 1 && bytes[0] != 0;
}

std::array<std::uint8_t, 16> NamedCells::uuid(std::string_view column) const {
    std::array<std::uint8_t, 16> uuid{};
    const base::ByteView bytes = cell(column);
    if (bytes.size() == uuid.size()) std::copy(bytes.begin(), bytes.end(), uuid.begin());
    return uuid;
}

std::string NamedCells::inet(std::string_view column) const {
    const base::ByteView bytes = cell(column);
    if (bytes.size() != 4 && bytes.size() != 16) return {};
    char text[INET6_ADDRSTRLEN] = {};
    inet_ntop(bytes.size() == 4 ? AF_INET : AF_INET6, bytes.data(), text, sizeof text);
    return text;
}

std::vector<std::string> NamedCells::text_list(std::string_view column) const {
    std::vector<std::string> list;
    cql::Reader in(cell(column));
    const std::int32_t count = in.remaining() == 0 ? 0 : in.int_number();
    for (std::int32_t i = 0; i < count && in.ok(); ++i) {
        const base::ByteView element = in.bytes();
        if (in.ok()) list.emplace_back(base::text_of(element));
    }
    return list;
}

std::map<std::string, std::string> NamedCells::text_map(std::string_view column) const {
    std::map<std::string, std::string> map;
    cql::Reader in(cell(column));
    const std::int32_t count = in.remaining() == 0 ? 0 : in.int_number();
    for (std::int32_t i = 0; i < count && in.ok(); ++i) {
        const base::ByteView key = in.bytes();
        const base::ByteView value = in.bytes();
        if (in.ok()) map.emplace(base::text_of(key), base::text_of(value));
    }
    return map;
}

}  // namespace crossfade::nodes
