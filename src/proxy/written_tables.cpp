#include "proxy/written_tables.hpp"

#include <algorithm>

#include "base/log.hpp"
#include "cql/statement.hpp"

namespace crossfade::proxy {

WrittenTables::Use& WrittenTables::of(std::string_view keyspace, std::string_view table) {
    std::pair<std::string, std::string> key(keyspace, table);
    const std::lock_guard lock(mutex_);
    const auto found = uses_.find(key);
    if (found != uses_.end()) return *found->second;
    if (uses_.size() >= most_) return rest_;
    auto use = std::make_unique<Use>();
    use->name = keyspace.empty() ? cql::quoted(table) : cql::to_cql(cql::TableName{key.first, key.second});
    return *uses_.emplace(std::move(key), std::move(use)).first->second;
}

void WrittenTables::note(Use& use, bool is_conditional) {
    std::atomic<bool>& mine = is_conditional ? use.is_conditional : use.is_plain;
    const std::atomic<bool>& other = is_conditional ? use.is_plain : use.is_conditional;
    if (mine.load(std::memory_order_relaxed) || use.is_of_the_rest) return;
    // In one order for all threads: of two that note the two kinds at once, at least one sees both.
    mine.store(true);
    if (!other.load() || use.is_reported.exchange(true)) return;
    base::log_warning(
        "{}: it gets both plain writes and conditional ones (LWT). A plain write whose timestamp is ahead of a "
        "cluster's clock hides the "
        "LWT that comes after it: keep the clocks of clients and clusters together",
        use.name);
}

std::vector<std::string> WrittenTables::with_both() const {
    std::vector<std::string> names;
    const std::lock_guard lock(mutex_);
    for (const auto& [key, use] : uses_)
        if (use->is_plain.load() && use->is_conditional.load()) names.push_back(use->name);
    std::ranges::sort(names);
    return names;
}

std::vector<std::pair<std::string, std::uint64_t>> WrittenTables::unstamped() const {
    std::vector<std::pair<std::string, std::uint64_t>> counts;
    const std::lock_guard lock(mutex_);
    for (const auto& [key, use] : uses_)
        if (const std::uint64_t count = use->unstamped.load(std::memory_order_relaxed); count > 0)
            counts.emplace_back(use->name, count);
    std::ranges::sort(counts);
    if (const std::uint64_t count = rest_.unstamped.load(std::memory_order_relaxed); count > 0)
        counts.emplace_back("", count);
    return counts;
}

WrittenTables::Use& WrittenTablesView::of(std::string_view keyspace, std::string_view table) {
    const auto found = seen_.find(Name(keyspace, table));
    if (found != seen_.end()) return *found->second;
    WrittenTables::Use& use = tables_->of(keyspace, table);
    // The rest is not remembered by name: there is no end of names.
    if (!use.is_of_the_rest) seen_.emplace(std::pair<std::string, std::string>(keyspace, table), &use);
    return use;
}

}  // namespace crossfade::proxy
