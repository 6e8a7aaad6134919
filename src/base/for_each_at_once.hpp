// The same work for many items, some of them at the same time.
#pragma once

#include <algorithm>
#include <cstddef>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "base/task.hpp"

namespace crossfade::base {

// Runs `work(item)` for each of `items`, at most `at_once` at the same time, and completes when all have. `work` gives
// a Task<void>.
template <class Item>
Task<void> for_each_at_once(std::vector<Item> items, std::size_t at_once, std::function<Task<void>(Item)> work) {
    struct Shared {
        std::vector<Item> items;
        std::function<Task<void>(Item)> work;
        std::size_t next = 0;
    };
    const auto shared = std::make_shared<Shared>();
    shared->items = std::move(items);
    shared->work = std::move(work);
    const auto run = [](std::shared_ptr<Shared> all) -> Task<void> {
        while (all->next < all->items.size()) co_await all->work(std::move(all->items[all->next++]));
    };
    std::vector<Task<void>> workers;
    const std::size_t count = std::min(at_once, shared->items.size());
    workers.reserve(count);
    for (std::size_t i = 0; i < count; ++i) workers.push_back(run(shared));
    for (Task<void>& worker : workers) co_await worker;
}

}  // namespace crossfade::base
