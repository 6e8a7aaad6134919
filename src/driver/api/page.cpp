#include "driver/api/page.hpp"

#include "driver/api/next_page.hpp"

namespace crossfade::driver {

cql::BodyPrefix Page::read_prefix() const {
    cql::FrameHeader header;
    header.is_response = true;
    header.flags = flags;
    return cql::read_body_prefix(header, prefix).value_or(cql::BodyPrefix());
}

void Page::release() noexcept {
    if (references_.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
    const std::shared_ptr<PagePool> home = std::move(home_);
    std::unique_ptr<Page> self(this);
    next.reset();
    if (home != nullptr) home->give(std::move(self));
}

PagePtr PagePool::take() {
    std::unique_ptr<Page> page;
    {
        const std::lock_guard lock(mutex_);
        if (!pages_.empty()) {
            page = std::move(pages_.back());
            pages_.pop_back();
        }
    }
    if (page == nullptr) page = std::make_unique<Page>();
    page->home_ = shared_from_this();
    return PagePtr(page.release());
}

void PagePool::give(std::unique_ptr<Page> page) {
    if (page->rows.message().size() > largest_kept) return;
    page->prefix.clear();
    page->flags = 0;
    page->is_schema_agreed = true;
    const std::lock_guard lock(mutex_);
    if (pages_.size() < most_kept) pages_.push_back(std::move(page));
}

}  // namespace crossfade::driver
