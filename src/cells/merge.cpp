#include "cells/merge.hpp"

namespace crossfade::cells {
namespace {

// Rows that wait for their twin are given up for suspects when there are so many: a partition may be larger than
// memory.
constexpr std::size_t most_waiting = 10000;
// A twin that has not come when this many wait, and the sides agree on a row, is taken for missing.
constexpr std::size_t enough_waiting = 1000;

}  // namespace

std::string Merge::name_of(const Row& row) {
    std::string name;
    for (const ByteView component : row.clustering) {
        std::uint8_t length[4];
        cql::store_int(length, static_cast<std::uint32_t>(component.size()));
        name.append(reinterpret_cast<const char*>(length), 4);
        name.append(base::text_of(component));
    }
    return name;
}

void Merge::give(Side side, std::shared_ptr<const Page> page) {
    Cursor& cursor = sides_[index(side)];
    if (page == nullptr) {
        cursor.is_ended = true;
        return;
    }
    cursor.row_count += page->rows.size();
    cursor.has_page = !page->partitions.empty();
    cursor.page = std::move(page);
    cursor.partition = cursor.row = 0;
}

void Merge::step(Cursor& cursor) {
    if (++cursor.row < cursor.at().count) return;
    cursor.row = 0;
    if (++cursor.partition < cursor.page->partitions.size()) return;
    cursor.has_page = false;
}

bool Merge::is_open_in(const Cursor& cursor) const {
    return cursor.has_page && compare_partitions(cursor.at().key, open_->key) == 0;
}

void Merge::open_next() {
    const Cursor& origin = sides_[0];
    const Cursor& target = sides_[1];
    const bool is_origin =
        !target.has_page || (origin.has_page && compare_partitions(origin.at().key, target.at().key) <= 0);
    const Cursor& first = is_origin ? origin : target;
    open_page_ = first.page;
    open_ = &first.at();
}

void Merge::report(const PartitionRows& partition, const Row& row, std::vector<RowKey>& suspects) const {
    suspects.emplace_back(of_statics_, partition.key, row.clustering);
}

void Merge::flush(std::vector<RowKey>& suspects) {
    for (Cursor& side : sides_) {
        for (const auto& [name, waiting] : side.waiting) report(*waiting.partition, *waiting.row, suspects);
        side.waiting.clear();
    }
}

void Merge::wait(Cursor& cursor) {
    cursor.waiting.emplace(name_of(cursor.current()), Waiting{cursor.page, &cursor.at(), &cursor.current()});
    step(cursor);
}

// Whether the twin of `here`'s row has been seen: then both are done with.
bool Merge::match_waiting(Cursor& here, Cursor& there, std::vector<RowKey>& suspects) {
    if (there.waiting.empty()) return false;
    const auto found = there.waiting.find(name_of(here.current()));
    if (found == there.waiting.end()) return false;
    if (!are_equal(*layout_, of_statics_, here.current(), *found->second.row))
        report(here.at(), here.current(), suspects);
    there.waiting.erase(found);
    step(here);
    return true;
}

void Merge::walk_both(std::vector<RowKey>& suspects) {
    Cursor& origin = sides_[0];
    Cursor& target = sides_[1];
    if (equal(origin.current().clustering, target.current().clustering)) {
        if (!are_equal(*layout_, of_statics_, origin.current(), target.current()))
            report(origin.at(), origin.current(), suspects);
        step(origin);
        step(target);
        if (origin.waiting.size() + target.waiting.size() >= enough_waiting) flush(suspects);
        return;
    }
    if (match_waiting(origin, target, suspects) || match_waiting(target, origin, suspects)) return;
    wait(origin);
    wait(target);
    if (origin.waiting.size() + target.waiting.size() >= most_waiting) flush(suspects);
}

// The other side has no more rows of the partition.
void Merge::walk_one(Cursor& here, Cursor& there, std::vector<RowKey>& suspects) {
    if (match_waiting(here, there, suspects)) return;
    report(here.at(), here.current(), suspects);
    step(here);
}

bool Merge::run(std::vector<RowKey>& suspects) {
    while (!needs(Side::origin) && !needs(Side::target)) {
        Cursor& origin = sides_[0];
        Cursor& target = sides_[1];
        if (open_ == nullptr) {
            if (!origin.has_page && !target.has_page) return true;
            open_next();
        }
        const bool is_in_origin = is_open_in(origin), is_in_target = is_open_in(target);
        if (is_in_origin && is_in_target) {
            walk_both(suspects);
        } else if (is_in_origin) {
            walk_one(origin, target, suspects);
        } else if (is_in_target) {
            walk_one(target, origin, suspects);
        } else {
            flush(suspects);
            open_ = nullptr;
            open_page_.reset();
        }
    }
    return false;
}

}  // namespace crossfade::cells
