#include "cells/find_suspects.hpp"

#include "cells/merge.hpp"

namespace crossfade::cells {

base::Task<base::Result<void>> find_suspects(net::Loop& loop, std::shared_ptr<TableAccess> origin,
                                             std::shared_ptr<TableAccess> target, SuspectSearch search,
                                             const base::Clock& clock) {
    using Side = Merge::Side;
    Merge merge(origin->shared_layout(), search.where.of_statics);
    PageStream from_origin(loop, origin, search.where, search.sizes, clock);
    PageStream from_target(loop, target, search.where, search.sizes, clock);
    std::uint64_t told_origin = 0, told_target = 0;
    std::vector<RowKey> suspects;
    for (bool is_done = false; !is_done;) {
        // Both are asked before either is waited for.
        std::optional<base::Task<base::Result<std::shared_ptr<const Page>>>> origin_page, target_page;
        if (merge.needs(Side::origin)) origin_page.emplace(from_origin.next());
        if (merge.needs(Side::target)) target_page.emplace(from_target.next());
        if (origin_page) {
            auto& reading = *origin_page;
            auto page = co_await reading;
            if (!page)
                co_return base::fail(page.error().kind, "origin: " + page.error().message, page.error().server_code);
            merge.give(Side::origin, std::move(*page));
        }
        if (target_page) {
            auto& reading = *target_page;
            auto page = co_await reading;
            if (!page)
                co_return base::fail(page.error().kind, "target: " + page.error().message, page.error().server_code);
            merge.give(Side::target, std::move(*page));
        }
        is_done = merge.run(suspects);
        if (search.on_progress) {
            search.on_progress(merge.rows(Side::origin) - told_origin, merge.rows(Side::target) - told_target);
            told_origin = merge.rows(Side::origin);
            told_target = merge.rows(Side::target);
        }
        if (!suspects.empty()) {
            auto handled = co_await search.on_suspects(std::exchange(suspects, {}));
            if (!handled) co_return handled;
        }
        if (!is_done && search.should_stop && search.should_stop())
            co_return base::fail(base::ErrorKind::interrupted, "stopped");
    }
    co_return base::Result<void>();
}

}  // namespace crossfade::cells
