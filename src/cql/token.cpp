#include "cql/token.hpp"

#include <algorithm>
#include <bit>

namespace crossfade::cql {

namespace {

constexpr std::uint64_t c1 = 0x87c37b91114253d5ULL;
constexpr std::uint64_t c2 = 0x4cf5ad432745937fULL;

std::uint64_t load_little_endian(const std::uint8_t* at) {
    std::uint64_t value = 0;
    for (int i = 7; i >= 0; --i) value = (value << 8) | at[i];
    return value;
}

std::uint64_t mix_final(std::uint64_t k) {
    k ^= k >> 33;
    k *= 0xff51afd7ed558ccdULL;
    k ^= k >> 33;
    k *= 0xc4ceb9fe1a85ec53ULL;
    return k ^ (k >> 33);
}

std::uint64_t mix_first(std::uint64_t k) {
    return std::rotl(k * c1, 31) * c2;
}
std::uint64_t mix_second(std::uint64_t k) {
    return std::rotl(k * c2, 33) * c1;
}

// The tail as Cassandra has it: bytes are Java's, sign-extended before they are shifted, so one of 0x80 and above turns
// over all bits above it (org.apache.cassandra.utils.MurmurHash.hash3_x64_128; the reference algorithm differs).
std::uint64_t signed_tail(const std::uint8_t* at, std::size_t count) {
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < count; ++i)
        value ^= static_cast<std::uint64_t>(static_cast<std::int64_t>(static_cast<std::int8_t>(at[i]))) << (8 * i);
    return value;
}

bool has(const std::vector<std::uint32_t>& list, std::uint32_t node) {
    return std::find(list.begin(), list.end(), node) != list.end();
}

}  // namespace

Token token_of(ByteView key) {
    std::uint64_t h1 = 0;
    std::uint64_t h2 = 0;
    const std::size_t blocks = key.size() / 16;
    for (std::size_t i = 0; i < blocks; ++i) {
        h1 ^= mix_first(load_little_endian(key.data() + 16 * i));
        h1 = (std::rotl(h1, 27) + h2) * 5 + 0x52dce729;
        h2 ^= mix_second(load_little_endian(key.data() + 16 * i + 8));
        h2 = (std::rotl(h2, 31) + h1) * 5 + 0x38495ab5;
    }
    const std::uint8_t* tail = key.data() + 16 * blocks;
    const std::size_t rest = key.size() % 16;
    if (rest > 8) h2 ^= mix_second(signed_tail(tail + 8, rest - 8));
    if (rest > 0) h1 ^= mix_first(signed_tail(tail, std::min<std::size_t>(rest, 8)));
    h1 ^= key.size();
    h2 ^= key.size();
    h1 += h2;
    h2 += h1;
    h1 = mix_final(h1) + mix_final(h2);
    const auto token = static_cast<Token>(h1);
    return token == smallest_token ? largest_token : token;
}

base::Result<void> append_partition_key(Bytes& out, const std::vector<ByteView>& components) {
    if (components.size() == 1) {
        base::append(out, components[0]);
        return {};
    }
    for (const ByteView component : components)
        if (component.size() > 65535)
            return base::fail(
                base::ErrorKind::bad_input,
                "a partition key component has " + std::to_string(component.size()) + " bytes; the most is 65535");
    Writer writer(out);
    for (const ByteView component : components) {
        writer.short_number(static_cast<std::uint16_t>(component.size()));
        writer.raw(component);
        writer.byte(0);
    }
    return {};
}

TokenRing::TokenRing(std::vector<Entry> entries) : entries_(std::move(entries)) {
    std::stable_sort(entries_.begin(), entries_.end(),
                     [](const Entry& a, const Entry& b) { return a.token < b.token; });
    const auto same = [](const Entry& a, const Entry& b) { return a.token == b.token; };
    entries_.erase(std::unique(entries_.begin(), entries_.end(), same), entries_.end());
    for (const Entry& entry : entries_) nodes_.push_back(entry.node);
    std::sort(nodes_.begin(), nodes_.end());
    nodes_.erase(std::unique(nodes_.begin(), nodes_.end()), nodes_.end());
}

std::size_t TokenRing::index_of_owner(Token token) const {
    const auto found = std::lower_bound(entries_.begin(), entries_.end(), token,
                                        [](const Entry& entry, Token wanted) { return entry.token < wanted; });
    return found == entries_.end() ? 0 : static_cast<std::size_t>(found - entries_.begin());
}

std::uint32_t TokenRing::owner(Token token) const {
    return entries_[index_of_owner(token)].node;
}

std::vector<std::uint32_t> TokenRing::simple_replicas(Token token, std::uint32_t replication) const {
    std::vector<std::uint32_t> replicas;
    const std::size_t wanted = std::min<std::size_t>(replication, nodes_.size());
    const std::size_t first = entries_.empty() ? 0 : index_of_owner(token);
    for (std::size_t i = 0; i < entries_.size() && replicas.size() < wanted; ++i) {
        const std::uint32_t node = entries_[(first + i) % entries_.size()].node;
        if (!has(replicas, node)) replicas.push_back(node);
    }
    return replicas;
}

std::vector<std::uint32_t> TokenRing::replicas_by_rack(Token token, std::uint32_t replication,
                                                       const std::vector<std::int32_t>& rack_of) const {
    const auto rack = [&](std::uint32_t node) { return node < rack_of.size() ? rack_of[node] : -1; };
    std::vector<std::int32_t> racks;
    std::size_t local_nodes = 0;
    for (const std::uint32_t node : nodes_) {
        if (rack(node) < 0) continue;
        ++local_nodes;
        if (std::find(racks.begin(), racks.end(), rack(node)) == racks.end()) racks.push_back(rack(node));
    }
    const std::size_t wanted = std::min<std::size_t>(replication, local_nodes);
    std::size_t repeats_left = replication > racks.size() ? replication - racks.size() : 0;

    std::vector<std::uint32_t> replicas;
    std::vector<std::int32_t> seen;
    const std::size_t first = entries_.empty() ? 0 : index_of_owner(token);
    for (std::size_t i = 0; i < entries_.size() && replicas.size() < wanted; ++i) {
        const std::uint32_t node = entries_[(first + i) % entries_.size()].node;
        if (rack(node) < 0 || has(replicas, node)) continue;
        if (std::find(seen.begin(), seen.end(), rack(node)) == seen.end()) {
            seen.push_back(rack(node));
        } else if (repeats_left > 0) {
            --repeats_left;
        } else {
            continue;
        }
        replicas.push_back(node);
    }
    return replicas;
}

std::vector<TokenRange> TokenRing::ranges() const {
    std::vector<TokenRange> all;
    Token start = smallest_token;
    for (const Entry& entry : entries_) {
        if (entry.token != start) all.push_back({start, entry.token});
        start = entry.token;
    }
    if (start != largest_token) all.push_back({start, largest_token});
    return all;
}

std::vector<TokenRange> split(TokenRange range, std::uint32_t parts) {
    if (range.start == smallest_token && range.end == smallest_token) range.end = largest_token;
    if (range.end <= range.start || parts < 2) return {range};
    const std::uint64_t width = static_cast<std::uint64_t>(range.end) - static_cast<std::uint64_t>(range.start);
    const std::uint64_t count = std::min<std::uint64_t>(parts, width);
    const std::uint64_t step = width / count;
    const std::uint64_t longer = width % count;  // so many parts are one token wider
    std::vector<TokenRange> all;
    all.reserve(count);
    auto start = static_cast<std::uint64_t>(range.start);
    for (std::uint64_t i = 0; i < count; ++i) {
        const std::uint64_t end = start + step + (i < longer ? 1 : 0);
        all.push_back({static_cast<Token>(start), static_cast<Token>(end)});
        start = end;
    }
    return all;
}

}  // namespace crossfade::cql
