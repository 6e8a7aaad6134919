// Finds the rows of two clusters that are not certainly equal, by walking both in token order side by side. Pure: pages
// in, keys out.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "cells/compare.hpp"
#include "cells/page.hpp"
#include "cells/row_key.hpp"

namespace crossfade::cells {

// Both sides give their pages in order; partitions come by token and key, and the rows of a partition in an order that
// both have in common. Where a partition's rows differ, they are matched by key, so that an order that is not the same
// costs memory and false suspects, never a difference that is missed: suspects are to be read again, one by one, before
// anybody says that they differ.
class Merge {
public:
    enum class Side : std::uint8_t { origin, target };

    Merge(std::shared_ptr<const Layout> layout, bool of_statics)
        : layout_(std::move(layout)), of_statics_(of_statics) {}

    // Whether it can go no further without this side's next page.
    bool needs(Side side) const { return !sides_[index(side)].has_page && !sides_[index(side)].is_ended; }
    // The next page; null: there is none. Precondition: needs(side).
    void give(Side side, std::shared_ptr<const Page> page);
    // Goes as far as it can. Appends what is not equal to `suspects`. True: both sides are at their end.
    bool run(std::vector<RowKey>& suspects);

    std::uint64_t rows(Side side) const { return sides_[index(side)].row_count; }

private:
    struct Waiting {
        std::shared_ptr<const Page> page;
        const PartitionRows* partition;
        const Row* row;
    };
    struct Cursor {
        std::shared_ptr<const Page> page;
        std::size_t partition = 0, row = 0;  // within the page
        bool has_page = false, is_ended = false;
        std::uint64_t row_count = 0;
        std::unordered_map<std::string, Waiting>
            waiting;  // rows of the current partition that the other side has not shown

        const PartitionRows& at() const { return page->partitions[partition]; }
        const Row& current() const { return page->rows[at().first + row]; }
    };
    static std::size_t index(Side side) { return static_cast<std::size_t>(side); }
    static std::string name_of(const Row& row);
    static void step(Cursor& cursor);
    bool is_open_in(const Cursor& cursor) const;
    void open_next();
    void walk_both(std::vector<RowKey>& suspects);
    void walk_one(Cursor& here, Cursor& there, std::vector<RowKey>& suspects);
    bool match_waiting(Cursor& here, Cursor& there, std::vector<RowKey>& suspects);
    void wait(Cursor& cursor);
    void flush(std::vector<RowKey>& suspects);
    void report(const PartitionRows& partition, const Row& row, std::vector<RowKey>& suspects) const;

    std::shared_ptr<const Layout> layout_;
    const bool of_statics_;
    Cursor sides_[2];
    // The partition whose rows are being matched, and the page that has its key.
    std::shared_ptr<const Page> open_page_;
    const PartitionRows* open_ = nullptr;
};

}  // namespace crossfade::cells
