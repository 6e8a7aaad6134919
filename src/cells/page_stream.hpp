// The pages of a range or a partition in order, one read ahead of what is being worked on.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>

#include "base/result.hpp"
#include "base/task.hpp"
#include "cells/table_access.hpp"
#include "net/loop.hpp"

namespace crossfade::cells {

// How large pages are to be. They begin small and grow or shrink to about `bytes`.
struct PageSizes {
    PageSizes() = default;
    std::int32_t first_rows = 500, least_rows = 1, most_rows = 5000;
    std::size_t bytes = 512 * 1024;
    // How often a page that could not be read in time, or that the cluster was too busy for, is asked for again: each
    // time with half the rows, after a pause that doubles from `first_pause`.
    std::uint32_t tries = 7;
    std::chrono::milliseconds first_pause{100};
};
// The next page's rows after a page of `rows` rows and `bytes` bytes. Pure.
std::int32_t next_page_rows(const PageSizes& sizes, std::int32_t rows_asked, std::size_t rows, std::size_t bytes);
// Whether reading again, later or less at once, may help.
bool may_pass(const base::Error& error);

// Loop's thread. It may be destroyed while a page is being read; that read ends by itself.
class PageStream {
public:
    // `first` says what to read: its paging state, page size and now are the stream's matter. `clock` tells each page's
    // now.
    PageStream(net::Loop& loop, std::shared_ptr<TableAccess> access, PageRequest first, PageSizes sizes = PageSizes(),
               const base::Clock& clock = base::system_clock());
    PageStream(const PageStream&) = delete;
    PageStream& operator=(const PageStream&) = delete;

    // The next page; null after the last. A page may have no rows. Begins to read the one after it. Errors: those of
    // TableAccess::read(), when trying again did not help; then the stream is at its end.
    base::Task<base::Result<std::shared_ptr<const Page>>> next();

private:
    struct State;
    using Fetched = base::Result<std::shared_ptr<const Page>>;
    static base::Task<Fetched> fetch(std::shared_ptr<State> state);

    std::shared_ptr<State> state_;
    std::optional<base::Task<Fetched>> ahead_;
};

}  // namespace crossfade::cells
