// What the statements are that clients execute by their prepared id: learned when they are prepared through this
// gateway, by any of its connections.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "base/bytes.hpp"
#include "base/recent_map.hpp"
#include "gateway/rights.hpp"

namespace crossfade::gateway {

using JudgedPtr = std::shared_ptr<const JudgedStatement>;

// Any thread. Bounded: past the bound it forgets what nobody has used in a while, and its clients prepare again.
class PreparedStatements {
public:
    explicit PreparedStatements(std::size_t bound) : statements_(bound, most_bytes) {}

    // `whose`: statements of a token with limits are its own, since in which keyspace an id works was decided when it
    // was prepared.
    void put(const std::string& whose, base::ByteView id, JudgedPtr statement);
    JudgedPtr find(const std::string& whose, base::ByteView id);  // null: not known

private:
    static constexpr std::size_t most_bytes = 256U << 20U;
    std::mutex mutex_;
    base::RecentMap<std::string, JudgedPtr> statements_;
};

}  // namespace crossfade::gateway
