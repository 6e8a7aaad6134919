#include "relay/routing_token.hpp"

#include <algorithm>
#include <array>

namespace crossfade::relay {

std::optional<cql::Token> routing_token(const std::vector<std::uint16_t>& key_indices,
                                        const cql::QueryParameters& parameters) {
    if (key_indices.empty() || parameters.has(cql::query_flag::names_for_values)) return std::nullopt;
    std::array<base::ByteView, 16> values;
    cql::Reader in(parameters.values);
    const std::size_t count = std::min<std::size_t>(parameters.value_count, values.size());
    for (std::size_t i = 0; i < count; ++i) {
        const cql::ValueView value = in.value();
        values[i] = value.bytes;
        if (value.state != cql::ValueView::State::bytes && std::ranges::count(key_indices, i) > 0) return std::nullopt;
    }
    if (std::ranges::any_of(key_indices, [&](std::uint16_t index) { return index >= count; })) return std::nullopt;
    if (key_indices.size() == 1) return cql::token_of(values[key_indices.front()]);
    base::Bytes key;
    std::vector<base::ByteView> components;
    for (const std::uint16_t index : key_indices) components.push_back(values[index]);
    if (!cql::append_partition_key(key, components)) return std::nullopt;
    return cql::token_of(key);
}

}  // namespace crossfade::relay
