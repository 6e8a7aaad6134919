#include "cells/row_pair.hpp"

namespace crossfade::cells {

base::Task<base::Result<RowPair>> read_pair(std::shared_ptr<TableAccess> origin, std::shared_ptr<TableAccess> target,
                                            RowKey key, const base::Clock& clock) {
    PageRequest request;
    request.scope = Scope::row;
    request.of_statics = key.of_statics;
    request.page_size = 2;
    request.finds_expiry = true;
    request.now = clock.wall_microseconds() / 1000000;
    request.key = std::move(key);
    auto reading_origin = origin->read(request);
    auto reading_target = target->read(request);
    auto from_origin = co_await reading_origin;
    auto from_target = co_await reading_target;
    if (!from_origin)
        co_return base::fail(from_origin.error().kind, "origin: " + from_origin.error().message,
                             from_origin.error().server_code);
    if (!from_target)
        co_return base::fail(from_target.error().kind, "target: " + from_target.error().message,
                             from_target.error().server_code);
    RowPair pair;
    pair.origin_page = std::move(*from_origin);
    pair.target_page = std::move(*from_target);
    if (!pair.origin_page->rows.empty()) pair.origin = &pair.origin_page->rows.front();
    if (!pair.target_page->rows.empty()) pair.target = &pair.target_page->rows.front();
    co_return pair;
}

}  // namespace crossfade::cells
