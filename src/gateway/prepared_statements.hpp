// What the statements are that clients execute by their prepared id: learned when they are prepared through this
// gateway, by any of its connections.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/bytes.hpp"
#include "gateway/rights.hpp"

namespace crossfade::gateway {

using JudgedPtr = std::shared_ptr<const JudgedStatement>;

// Any thread. Bounded: past the bound it forgets what it knows, and clients prepare again.
class PreparedStatements {
public:
    explicit PreparedStatements(std::size_t bound) : bound_(bound) {}

    // `whose`: statements of a token with limits are its own, since in which keyspace an id works was decided when it
    // was prepared.
    void put(const std::string& whose, base::ByteView id, JudgedPtr statement);
    JudgedPtr find(const std::string& whose, base::ByteView id) const;  // null: not known

private:
    mutable std::mutex mutex_;
    const std::size_t bound_;
    std::unordered_map<std::string, JudgedPtr> statements_;
};

}  // namespace crossfade::gateway
