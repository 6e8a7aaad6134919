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
    std::uint32_t in_flight = 0;
};

// Preferred nodes (replicas) in turn, then all in turn. Of two neighbours that have room, the one with fewer requests
// under way: a slow node, on which they pile up, is given less. `avoid`, the one that just failed, is taken only when
// no other is open. Nothing: wait until one has room.
class NodeChoice {
public:
    // `look(i)` gives the NodeState of node i < count; `preferred` are such indices, those >= count are passed over.
    template <class Look>
    std::optional<std::size_t> choose(std::size_t count, std::span<const std::uint32_t> preferred,
                                      std::optional<std::size_t> avoid, Look&& look) {
        if (const auto found = choose_preferred(count, preferred, avoid, look)) return found;
        const std::size_t turn = turn_++;
        bool is_other_open = false;
        Best best;
        for (std::size_t i = 0; i < count && !best.is_decided(); ++i) {
            const std::size_t node = (turn + i) % count;
            if (node == avoid) continue;
            const NodeState state = look(node);
            best.see(node, state);
            is_other_open = is_other_open || state.is_open;
        }
        if (best.node) return best.node;
        if (avoid && *avoid < count && !is_other_open && look(*avoid).has_room) return avoid;
        return std::nullopt;
    }

    // The preferred ones alone.
    template <class Look>
    std::optional<std::size_t> choose_preferred(std::size_t count, std::span<const std::uint32_t> preferred,
                                                std::optional<std::size_t> avoid, Look&& look) {
        if (preferred.empty()) return std::nullopt;
        const std::size_t turn = turn_++;
        Best best;
        for (std::size_t i = 0; i < preferred.size() && !best.is_decided(); ++i) {
            const std::size_t node = preferred[(turn + i) % preferred.size()];
            if (node < count && node != avoid) best.see(node, look(node));
        }
        return best.node;
    }

private:
    // The better of the first two that have room.
    struct Best {
        std::optional<std::size_t> node;
        std::uint32_t in_flight = 0;
        int seen = 0;

        bool is_decided() const { return seen == 2; }
        void see(std::size_t other, const NodeState& state) {
            if (!state.has_room) return;
            if (seen++ > 0 && state.in_flight >= in_flight) return;
            node = other;
            in_flight = state.in_flight;
        }
    };

    std::size_t turn_ = 0;
};

}  // namespace crossfade::driver
