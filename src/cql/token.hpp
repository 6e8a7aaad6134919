// Murmur3 tokens as Cassandra computes them, and the ring.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "cql/wire.hpp"

namespace crossfade::cql {

using Token = std::int64_t;

// The token of a serialized partition key: Murmur3 x64_128 with Cassandra's signed tail bytes, first half; the minimum value
// becomes the maximum (as Murmur3Partitioner normalises).
Token token_of(ByteView partition_key);

// Serialises a partition key of several components: each [short length][bytes][0]. One component is its bytes alone.
// Appends to `out`. A component over 65,535 bytes is bad_input.
base::Result<void> append_partition_key(Bytes& out, const std::vector<ByteView>& components);

// (start, end]: start exclusive, end inclusive, as Cassandra's. Whole ring: start == end == minimum.
struct TokenRange { Token start = 0; Token end = 0; bool operator==(const TokenRange&) const = default; };

// The ring of one datacenter or cluster: which node owns which token. Immutable after construction; nodes are indices of the
// caller's own list.
class TokenRing {
public:
    struct Entry { Token token; std::uint32_t node; };
    TokenRing() = default;
    explicit TokenRing(std::vector<Entry> entries);  // any order; sorted here
    bool empty() const { return entries_.empty(); }
    // Index of the node whose range has `token`. Precondition: not empty.
    std::uint32_t owner(Token token) const;
    // Replicas of `token` in ring order, the first is the owner: SimpleStrategy of `replication` nodes; `same_place(node)` of
    // NetworkTopologyStrategy is handled by replicas_by_rack().
    std::vector<std::uint32_t> simple_replicas(Token token, std::uint32_t replication) const;
    // NetworkTopologyStrategy within one datacenter: walk the ring, take nodes of racks not seen before, then skipped ones.
    // `rack_of[node]` is a small number; nodes outside the datacenter have rack -1 and are skipped.
    std::vector<std::uint32_t> replicas_by_rack(Token token, std::uint32_t replication, const std::vector<std::int32_t>& rack_of) const;
    // The ranges between neighbouring tokens, that cover the whole ring without overlap, none of which wraps: the wrapping one is split at
    // the minimum token.
    std::vector<TokenRange> ranges() const;
    const std::vector<Entry>& entries() const { return entries_; }

private:
    std::vector<Entry> entries_;
};

// Splits a range that does not wrap into at most `parts` of about equal width.
std::vector<TokenRange> split(TokenRange range, std::uint32_t parts);

}  // namespace crossfade::cql
