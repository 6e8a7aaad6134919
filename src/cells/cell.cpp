#include "cells/cell.hpp"

#include <algorithm>
#include <array>

namespace crossfade::cells {

std::int64_t last_expiry(const Row& row) {
    std::int64_t latest = 0;
    for (const Atom& atom : row.atoms) {
        if (!atom.stamp.tells_expiry()) continue;
        if (atom.stamp.expires_at == 0) return 0;
        latest = std::max(latest, atom.stamp.expires_at);
    }
    return latest;
}

base::Result<cql::Token> token_of(const std::vector<ByteView>& components) {
    if (components.size() == 1) return cql::token_of(components[0]);
    Bytes serialized;
    auto appended = cql::append_partition_key(serialized, components);
    if (!appended) return base::fail(std::move(appended.error()));
    return cql::token_of(serialized);
}

bool equal(ByteView a, ByteView b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end());
}

bool equal(const std::vector<ByteView>& a, const std::vector<ByteView>& b) {
    if (a.size() != b.size()) return false;
    for (std::size_t i = 0; i < a.size(); ++i)
        if (!equal(a[i], b[i])) return false;
    return true;
}

namespace {

// As the server compares keys of one token: the bytes of the whole serialized key, unsigned. With several components
// each has its length before it.
int compare_keys(const std::vector<ByteView>& a, const std::vector<ByteView>& b) {
    for (std::size_t i = 0; i < std::min(a.size(), b.size()); ++i) {
        if (a.size() > 1 && a[i].size() != b[i].size()) return a[i].size() < b[i].size() ? -1 : 1;
        const auto order = std::lexicographical_compare_three_way(a[i].begin(), a[i].end(), b[i].begin(), b[i].end());
        if (order != 0) return order < 0 ? -1 : 1;
    }
    return 0;
}

}  // namespace

int compare_partitions(const PartitionKey& a, const PartitionKey& b) {
    if (a.token != b.token) return a.token < b.token ? -1 : 1;
    return compare_keys(a.components, b.components);
}

ByteView field_key(std::size_t field) {
    static const std::vector<std::array<std::uint8_t, 2>> numbers = [] {
        std::vector<std::array<std::uint8_t, 2>> all(65536);
        for (std::size_t i = 0; i < all.size(); ++i) cql::store_short(all[i].data(), static_cast<std::uint16_t>(i));
        return all;
    }();
    return numbers[field];
}

std::size_t field_of(ByteView key) {
    return key.size() == 2 ? cql::load_short(key.data()) : 0;
}

}  // namespace crossfade::cells
