// One worker's statements: by text, and by prepared id.
#pragma once

#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

#include "stub_node/counts.hpp"
#include "stub_node/node.hpp"

namespace crossfade::lab {

// One thread. Pointers that it gives are valid until the next call.
class StatementCache {
public:
    // `counts` gets an entry for each table that is named; both outlive this.
    StatementCache(Node& node, Counts& counts) : node_(node), counts_(counts) {}

    base::Result<const KnownStatement*> of_text(std::string_view text, std::string_view keyspace);
    // nullptr: nobody prepared it, or it was forgotten.
    const KnownStatement* of_id(base::ByteView id);
    // Makes its id known to all workers.
    void prepare(const KnownStatement& known);

private:
    using Shared = std::shared_ptr<const KnownStatement>;
    struct IdHash {
        std::size_t operator()(const PreparedId& id) const {
            std::size_t hash = 0;
            std::memcpy(&hash, id.data() + 8, sizeof hash);  // it is a hash already
            return hash;
        }
    };
    static constexpr std::size_t largest_size = 10'000;

    base::Result<Shared> shared_of_text(std::string_view text, std::string_view keyspace);

    Node& node_;
    Counts& counts_;
    std::string lookup_;
    std::unordered_map<std::string, Shared> by_text_;
    std::unordered_map<PreparedId, Shared, IdHash> by_id_;
    std::uint64_t epoch_ = 0;
    Shared last_;  // keeps what was given alive
};

}  // namespace crossfade::lab
