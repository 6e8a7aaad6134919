// Which tables are written plainly, conditionally (LWT) and without a timestamp (SEMANTICS, Timestamps).
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace crossfade::proxy {

// Since the proxy started. Any thread. Past `bound` tables no more are told apart: their writes without a timestamp
// count under no name, and what kinds of writes they get is not kept.
class WrittenTables {
public:
    static constexpr std::size_t bound = 1000;
    explicit WrittenTables(std::size_t most = bound) : most_(most) { rest_.is_of_the_rest = true; }

    // One table; it lives as long as this object.
    struct Use {
        std::string name;  // as CQL text has it
        std::atomic<bool> is_plain{false}, is_conditional{false}, is_reported{false};
        std::atomic<std::uint64_t> unstamped{0};
        bool is_of_the_rest = false;  // stands for all tables past the bound
    };
    // Makes the table known where it is not. Takes a lock: loops ask through their own WrittenTablesView.
    Use& of(std::string_view keyspace, std::string_view table);
    // A write of that kind; once a table has had both it is logged, once.
    static void note(Use& use, bool is_conditional);

    // The tables that got both plain writes and LWT, sorted by name.
    std::vector<std::string> with_both() const;
    // Writes that went out without a timestamp, by table, sorted by name; those past the bound last, under "".
    std::vector<std::pair<std::string, std::uint64_t>> unstamped() const;

private:
    const std::size_t most_;
    mutable std::mutex mutex_;
    std::map<std::pair<std::string, std::string>, std::unique_ptr<Use>> uses_;
    Use rest_;
};

// One loop's view: neither lock nor allocation for a table that was seen before. Loop's thread only.
class WrittenTablesView {
public:
    explicit WrittenTablesView(std::shared_ptr<WrittenTables> tables) : tables_(std::move(tables)) {}

    void note(std::string_view keyspace, std::string_view table, bool is_conditional) {
        WrittenTables::note(of(keyspace, table), is_conditional);
    }
    void note_unstamped(std::string_view keyspace, std::string_view table) {
        of(keyspace, table).unstamped.fetch_add(1, std::memory_order_relaxed);
    }

private:
    using Name = std::pair<std::string_view, std::string_view>;
    struct Hash {
        using is_transparent = void;
        std::size_t operator()(const Name& name) const {
            return std::hash<std::string_view>()(name.first) * 31U + std::hash<std::string_view>()(name.second);
        }
    };
    struct Equal {
        using is_transparent = void;
        bool operator()(const Name& left, const Name& right) const { return left == right; }
    };
    WrittenTables::Use& of(std::string_view keyspace, std::string_view table);

    std::shared_ptr<WrittenTables> tables_;
    std::unordered_map<std::pair<std::string, std::string>, WrittenTables::Use*, Hash, Equal> seen_;
};

}  // namespace crossfade::proxy
