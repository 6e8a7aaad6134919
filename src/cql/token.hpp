// Murmur3 tokens as Cassandra computes them, and the ring.
#pragma once

#include <cstdint>
#include <limits>
#include <vector>

#include "base/result.hpp"
#include "cql/wire.hpp"

namespace crossfade::cql {

using Token = std::int64_t;
// No partition has the smallest token; the largest can be one's (an empty ring's only range is (smallest, largest]).
constexpr Token smallest_token = std::numeric_limits<Token>::min();
constexpr Token largest_token = std::numeric_limits<Token>::max();

// The token of a serialized partition key: Murmur3 x64_128 with Cassandra's signed tail bytes, first half; the minimum
// value becomes the maximum (as Murmur3Partitioner normalises).
Token token_of(ByteView partition_key);

// Serialises a partition key of several components: each [short length][bytes][0]. One component is its bytes alone.
// Appends to `out`. A component over 65,535 bytes is bad_input.
base::Result<void> append_partition_key(Bytes& out, const std::vector<ByteView>& components);

// (start, end]: start exclusive, end inclusive, as Cassandra's. Whole ring: start == end == minimum, or
// (smallest_token, largest_token].
struct TokenRange {
    Token start = 0;
    Token end = 0;
    bool operator==(const TokenRange&) const = default;
};

// The ring of one datacenter or cluster: which node owns which token. Immutable after construction; nodes are indices
// of the caller's own list.
class TokenRing {
public:
    struct Entry {
        Token token;
        std::uint32_t node;
    };
    TokenRing() = default;
    explicit TokenRing(std::vector<Entry> entries);  // any order; sorted here; of equal tokens the first given stays
    bool empty() const { return entries_.empty(); }
    // Index of the node whose range has `token`. Precondition: not empty.
    std::uint32_t owner(Token token) const;
    // Replicas of `token` in ring order, the first is the owner: SimpleStrategy of `replication` nodes;
    // `same_place(node)` of NetworkTopologyStrategy is handled by replicas_by_rack().
    std::vector<std::uint32_t> simple_replicas(Token token, std::uint32_t replication) const;
    // NetworkTopologyStrategy within one datacenter: walk the ring and take nodes of racks not seen before, and as many
    // others as there are fewer racks than replicas; in ring order. `rack_of[node]` is a small number; nodes outside
    // the datacenter have rack -1 and are skipped. Both functions cost a walk over the ring at worst: keep the answer
    // for each range.
    std::vector<std::uint32_t> replicas_by_rack(Token token, std::uint32_t replication,
                                                const std::vector<std::int32_t>& rack_of) const;
    // The ranges between neighbouring tokens in ascending order, that cover the whole ring without overlap, none of
    // which wraps: the wrapping one is split into (smallest_token, first] and (last, largest_token]. An empty ring has
    // one range, all of it.
    std::vector<TokenRange> ranges() const;
    const std::vector<Entry>& entries() const { return entries_; }

private:
    std::size_t index_of_owner(Token token) const;

    std::vector<Entry> entries_;
    std::vector<std::uint32_t> nodes_;  // each node that owns a token, once, ascending
};

// Splits a range that does not wrap into at most `parts` of about equal width, ascending and without gaps; the whole
// ring given as (minimum, minimum] is split as (smallest_token, largest_token]. Another range that wraps or is empty
// comes back as it is.
std::vector<TokenRange> split(TokenRange range, std::uint32_t parts);

}  // namespace crossfade::cql
