// Which node gets the next request. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace crossfade::driver {

// What is known of a node when one is chosen.
struct NodeState {
    bool is_open = false;   // has a connection
    bool has_room = false;  // and that takes a request now
};

// Preferred nodes (replicas) in turn, then all in turn: the first that has room. `avoid`, the one that just failed, is
// taken only when no other is open. Nothing: wait until one has room.
class NodeChoice {
public:
    // `look(i)` gives the NodeState of node i < count; `preferred` are such indices, those >= count are passed over.
    template <class Look>
    std::optional<std::size_t> choose(std::size_t count, std::span<const std::uint32_t> preferred,
                                      std::optional<std::size_t> avoid, Look&& look) {
        const std::size_t turn = turn_++;
        for (std::size_t i = 0; i < preferred.size(); ++i) {
            const std::size_t node = preferred[(turn + i) % preferred.size()];
            if (node < count && node != avoid && look(node).has_room) return node;
        }
        bool is_other_open = false;
        for (std::size_t i = 0; i < count; ++i) {
            const std::size_t node = (turn + i) % count;
            if (node == avoid) continue;
            const NodeState state = look(node);
            if (state.has_room) return node;
            is_other_open = is_other_open || state.is_open;
        }
        if (avoid && *avoid < count && !is_other_open && look(*avoid).has_room) return avoid;
        return std::nullopt;
    }

private:
    std::size_t turn_ = 0;
};

}  // namespace crossfade::driver
