#include "stub_node/cells.hpp"

#include <arpa/inet.h>

#include <bit>
#include <charconv>

#include "cql/wire.hpp"

namespace crossfade::lab {
namespace {

template <class Write>
Cell written(Write&& write) {
    base::Bytes bytes;
    cql::Writer out(bytes);
    write(out);
    return bytes;
}

std::optional<std::int64_t> number_in(std::string_view text) {
    std::int64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
    return number;
}

Cell bytes_of_hexadecimal(std::string_view figures) {
    base::Bytes bytes;
    std::string pair;
    for (const char c : figures) {
        if (c == '-') continue;
        pair += c;
        if (pair.size() < 2) continue;
        std::uint8_t byte = 0;
        if (std::from_chars(pair.data(), pair.data() + 2, byte, 16).ec != std::errc()) return std::nullopt;
        bytes.push_back(byte);
        pair.clear();
    }
    if (!pair.empty()) return std::nullopt;
    return bytes;
}

}  // namespace

Cell text_cell(std::string_view text) {
    return base::Bytes(text.begin(), text.end());
}
Cell boolean_cell(bool value) {
    return base::Bytes{value ? std::uint8_t{1} : std::uint8_t{0}};
}
Cell int_cell(std::int32_t value) {
    return written([value](cql::Writer& out) { out.int_number(value); });
}
Cell bigint_cell(std::int64_t value) {
    return written([value](cql::Writer& out) { out.long_number(value); });
}
Cell double_cell(double value) {
    return bigint_cell(std::bit_cast<std::int64_t>(value));
}
Cell uuid_cell(const Uuid& id) {
    return base::Bytes(id.begin(), id.end());
}

Cell inet_cell(const std::string& address) {
    base::Bytes bytes(16);
    if (inet_pton(AF_INET, address.c_str(), bytes.data()) == 1) {
        bytes.resize(4);
        return bytes;
    }
    if (inet_pton(AF_INET6, address.c_str(), bytes.data()) == 1) return bytes;
    return std::nullopt;
}

Cell text_set_cell(const std::vector<std::string>& items) {
    return written([&items](cql::Writer& out) {
        out.int_number(static_cast<std::int32_t>(items.size()));
        for (const std::string& item : items) out.bytes(base::bytes_of(item));
    });
}

Cell text_map_cell(const std::map<std::string, std::string>& entries) {
    return written([&entries](cql::Writer& out) {
        out.int_number(static_cast<std::int32_t>(entries.size()));
        for (const auto& [key, value] : entries) {
            out.bytes(base::bytes_of(key));
            out.bytes(base::bytes_of(value));
        }
    });
}

Uuid time_uuid(std::int64_t microseconds, std::uint16_t serial) {
    // 100 ns since 15 October 1582 (RFC 4122, 4.1.4).
    const std::uint64_t ticks = static_cast<std::uint64_t>(microseconds) * 10 + 0x01B21DD213814000ULL;
    Uuid id{};
    cql::store_int(id.data(), static_cast<std::uint32_t>(ticks));
    cql::store_short(id.data() + 4, static_cast<std::uint16_t>(ticks >> 32));
    cql::store_short(id.data() + 6, static_cast<std::uint16_t>(((ticks >> 48) & 0x0FFF) | 0x1000));
    cql::store_short(id.data() + 8, static_cast<std::uint16_t>((serial & 0x3FFF) | 0x8000));
    id[10] = 0x73;
    return id;
}

Cell literal_cell(const Operand& literal, cql::TypeCode type) {
    const bool is_string = literal.kind == cql::LexemeKind::string;
    switch (type) {
        case cql::TypeCode::varchar:
        case cql::TypeCode::ascii:
            return is_string ? text_cell(literal.text) : std::nullopt;
        case cql::TypeCode::inet:
            return is_string ? inet_cell(literal.text) : std::nullopt;
        case cql::TypeCode::int_number: {
            const auto number = number_in(literal.text);
            return number ? int_cell(static_cast<std::int32_t>(*number)) : std::nullopt;
        }
        case cql::TypeCode::bigint: {
            const auto number = number_in(literal.text);
            return number ? bigint_cell(*number) : std::nullopt;
        }
        case cql::TypeCode::uuid:
        case cql::TypeCode::timeuuid: {
            Cell bytes = bytes_of_hexadecimal(literal.text);
            return bytes && bytes->size() == 16 ? bytes : std::nullopt;
        }
        case cql::TypeCode::blob:
            return literal.kind == cql::LexemeKind::blob
                       ? bytes_of_hexadecimal(std::string_view(literal.text).substr(2))
                       : std::nullopt;
        default:
            return std::nullopt;
    }
}

}  // namespace crossfade::lab
