#include "cells/page_stream.hpp"

#include <algorithm>

#include "driver/pause.hpp"
#include "driver/retry.hpp"

namespace crossfade::cells {

std::int32_t next_page_rows(const PageSizes& sizes, std::int32_t rows_asked, std::size_t rows, std::size_t bytes) {
    if (rows == 0) return rows_asked;
    const std::size_t row_bytes = std::max<std::size_t>(bytes / rows, 1);
    const auto fitting = static_cast<std::int64_t>(sizes.bytes / row_bytes);
    // Not more than four times as much at once: the next rows may be larger than these.
    return static_cast<std::int32_t>(std::clamp<std::int64_t>(
        std::min<std::int64_t>(fitting, std::int64_t{rows_asked} * 4), sizes.least_rows, sizes.most_rows));
}

bool may_pass(const base::Error& error) {
    switch (error.kind) {
        case base::ErrorKind::timeout:
        case base::ErrorKind::connection:
        case base::ErrorKind::unavailable:
            return true;
        case base::ErrorKind::server:
            break;
        default:
            return false;
    }
    if (driver::failure_of(error)) return true;
    // READ_FAILURE too: a replica gave up on too many tombstones or too much at once.
    const auto code = static_cast<cql::ErrorCode>(error.server_code);
    return code == cql::ErrorCode::read_failure || code == cql::ErrorCode::write_failure ||
           code == cql::ErrorCode::server_error;
}

struct PageStream::State {
    State(net::Loop& the_loop, std::shared_ptr<TableAccess> table, PageRequest first, PageSizes page_sizes,
          const base::Clock& the_clock)
        : loop(the_loop), access(std::move(table)), request(std::move(first)), sizes(page_sizes), clock(the_clock) {
        request.page_size = sizes.first_rows;
    }
    net::Loop& loop;
    std::shared_ptr<TableAccess> access;
    PageRequest request;
    PageSizes sizes;
    const base::Clock& clock;
    bool is_at_end = false;
};

PageStream::PageStream(net::Loop& loop, std::shared_ptr<TableAccess> access, PageRequest first, PageSizes sizes,
                       const base::Clock& clock)
    : state_(std::make_shared<State>(loop, std::move(access), std::move(first), sizes, clock)) {}

base::Task<PageStream::Fetched> PageStream::fetch(std::shared_ptr<State> state) {
    std::chrono::milliseconds pause = state->sizes.first_pause;
    for (std::uint32_t tries = 1;; ++tries) {
        state->request.now = state->clock.wall_microseconds() / 1000000;
        auto page = co_await state->access->read(state->request);
        if (page) {
            const Page& read = **page;
            const base::ByteView after = read.answer.paging_state();
            state->request.paging_state.assign(after.begin(), after.end());
            state->is_at_end = after.empty();
            state->request.page_size =
                next_page_rows(state->sizes, state->request.page_size, read.answer.row_count(), read.byte_count());
            co_return page;
        }
        if (tries >= state->sizes.tries || !may_pass(page.error())) {
            state->is_at_end = true;
            co_return page;
        }
        state->request.page_size = std::max(state->request.page_size / 2, state->sizes.least_rows);
        driver::Pause wait(state->loop, pause);
        co_await wait;
        pause = std::min(pause * 2, std::chrono::milliseconds(5000));
    }
}

base::Task<PageStream::Fetched> PageStream::next() {
    if (!ahead_) {
        if (state_->is_at_end) co_return std::shared_ptr<const Page>();
        ahead_.emplace(fetch(state_));
    }
    base::Task<Fetched> reading = std::move(*ahead_);
    ahead_.reset();
    Fetched page = co_await reading;
    if (page && !state_->is_at_end) ahead_.emplace(fetch(state_));
    co_return page;
}

}  // namespace crossfade::cells
