// A map with a bound: what was not asked for in a long time goes first.
#pragma once

#include <algorithm>
#include <cstddef>
#include <functional>
#include <unordered_map>
#include <utility>

namespace crossfade::base {

// Two generations: what is put or found belongs to the young one; when that is full, the old one is dropped and the
// young one takes its place. So what was used since the last change stays, and nothing has to be kept in order. Not
// thread-safe.
template <class Key, class Value, class Hash = std::hash<Key>>
class RecentMap {
public:
    // At most `most` entries (two at least), and entries of `most_cost` in all, in whatever unit put() is given; of
    // those that cost more than half of it, the last one is kept.
    RecentMap(std::size_t most, std::size_t most_cost)
        : most_(std::max<std::size_t>(1, most / 2)), most_cost_(most_cost / 2) {}

    // Null: unknown, or gone. Valid until the next put() or find().
    Value* find(const Key& key) {
        if (const auto young = young_.find(key); young != young_.end()) return &young->second.value;
        auto node = old_.extract(key);
        if (node.empty()) return nullptr;
        make_room(node.mapped().cost);
        young_cost_ += node.mapped().cost;
        return &young_.insert(std::move(node)).position->second.value;
    }
    // Adds it, or takes the place of what has that key.
    Value& put(const Key& key, Value value, std::size_t cost) {
        old_.erase(key);
        if (const auto young = young_.find(key); young != young_.end()) {
            young_cost_ -= young->second.cost;
            young_.erase(young);
        }
        make_room(cost);
        young_cost_ += cost;
        return young_.emplace(key, Kept{std::move(value), cost}).first->second.value;
    }
    std::size_t size() const { return young_.size() + old_.size(); }
    // visit(key, value), in no order; it may not put or find.
    template <class Visit>
    void for_each(Visit&& visit) const {
        for (const auto* const generation : {&young_, &old_})
            for (const auto& [key, kept] : *generation) visit(key, kept.value);
    }

private:
    struct Kept {
        Value value;
        std::size_t cost;
    };
    using Generation = std::unordered_map<Key, Kept, Hash>;

    void make_room(std::size_t cost) {
        if (young_.empty() || (young_.size() < most_ && young_cost_ + cost <= most_cost_)) return;
        old_ = std::exchange(young_, {});
        young_cost_ = 0;
    }

    const std::size_t most_, most_cost_;  // of one generation
    Generation young_, old_;
    std::size_t young_cost_ = 0;
};

}  // namespace crossfade::base
