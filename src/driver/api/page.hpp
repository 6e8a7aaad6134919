// One page of a result, as ResultSet shares it, and the pages that are used again.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "cql/frame.hpp"
#include "crossfade/values.hpp"
#include "driver/rows.hpp"

namespace crossfade::driver {

class NextPage;
class PagePool;

// Filled on the loop's thread, then immutable but for its count of references; released on any thread.
class Page {
public:
    Page() = default;
    Page(const Page&) = delete;
    Page& operator=(const Page&) = delete;

    Rows rows;
    std::vector<nodes::CellPlace> places;  // of every cell, row by row
    base::Bytes prefix;                    // tracing id, warnings and payload as they came; mostly empty
    std::uint8_t flags = 0;                // of the frame: which of them are there
    std::string coordinator;
    bool is_schema_agreed = true;
    std::shared_ptr<NextPage> next;  // null on the last page

    // Of the prefix, which was checked when it came.
    cql::BodyPrefix read_prefix() const;

    void retain() noexcept { references_.fetch_add(1, std::memory_order_relaxed); }
    void release() noexcept;

private:
    friend class PagePool;
    std::atomic<std::uint32_t> references_{0};
    std::shared_ptr<PagePool> home_;  // while it is in use
};

// A reference to a page.
class PagePtr {
public:
    PagePtr() = default;
    explicit PagePtr(Page* page) noexcept : page_(page) {
        if (page_ != nullptr) page_->retain();
    }
    PagePtr(PagePtr&& other) noexcept : page_(std::exchange(other.page_, nullptr)) {}
    PagePtr& operator=(PagePtr&& other) noexcept {
        std::swap(page_, other.page_);
        return *this;
    }
    ~PagePtr() {
        if (page_ != nullptr) page_->release();
    }

    Page* get() const noexcept { return page_; }
    Page* operator->() const noexcept { return page_; }
    explicit operator bool() const noexcept { return page_ != nullptr; }
    // Gives the reference away.
    Page* detach() noexcept { return std::exchange(page_, nullptr); }

private:
    Page* page_ = nullptr;
};

// Pages that nobody has, with their memory. Any thread.
class PagePool : public std::enable_shared_from_this<PagePool> {
public:
    static constexpr std::size_t most_kept = 4096;
    static constexpr std::size_t largest_kept = 16U * 1024U;  // bytes of a page's message

    PagePtr take();
    void give(std::unique_ptr<Page> page);

private:
    std::mutex mutex_;
    std::vector<std::unique_ptr<Page>> pages_;
};

}  // namespace crossfade::driver
