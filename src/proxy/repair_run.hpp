// One run of a repair: goes through the journal in order of id and settles what can be settled (SEMANTICS, Journal).
#pragma once

#include <chrono>
#include <coroutine>
#include <memory>
#include <set>
#include <string>

#include "base/task.hpp"
#include "net/loop.hpp"
#include "proxy/journal.hpp"
#include "proxy/repair.hpp"
#include "proxy/repair_board.hpp"
#include "proxy/repair_compare.hpp"
#include "proxy/repair_decision.hpp"
#include "proxy/repair_tables.hpp"

namespace crossfade::proxy {

// How many entries are under way, and the one who waits for them.
class EntryWindow {
public:
    // co_await it: goes on when fewer than `limit` are under way. One waits at a time.
    struct Below {
        EntryWindow& window;
        std::size_t limit;
        bool await_ready() const { return window.count_ < limit; }
        void await_suspend(std::coroutine_handle<> waiting) {
            window.limit_ = limit;
            window.waiting_ = waiting;
        }
        void await_resume() const {}
    };
    Below below(std::size_t limit) { return {*this, limit}; }
    void begin() { ++count_; }
    void end() {
        --count_;
        if (waiting_ && count_ < limit_) std::exchange(waiting_, nullptr).resume();
    }

private:
    std::size_t count_ = 0, limit_ = 0;
    std::coroutine_handle<> waiting_;
};

// Loop's thread only. Outlives its run().
class RepairRun {
public:
    RepairRun(net::Loop& loop, Journal& journal, const Repair::Options& options, RepairRequest request,
              RepairBoard& board);
    RepairRun(const RepairRun&) = delete;
    RepairRun& operator=(const RepairRun&) = delete;

    // Goes over the journal, and again over what failed for a while (a node that does not answer), until nothing is
    // left but what is blocked, most_fruitless passes in a row repaired nothing, or stop() was called. Says on the
    // board what happened.
    base::Task<void> run();
    // Ends it soon: requests under way are given up, and their entries stay.
    void stop();

private:
    base::Task<base::Result<void>> connect();
    base::Task<base::Result<void>> connect_patiently();
    base::Task<void> repair_all();
    base::Task<void> pass();
    base::Task<void> rest(std::chrono::seconds length);
    bool is_of_this_pass(std::uint64_t id) const { return id > visited_ || retried_.contains(id); }
    base::Task<void> repair_one(EntryPtr entry);
    bool is_skipped(const JournalEntry& entry) const;
    bool is_over() const { return is_stopped_ || failures_in_a_row_ >= most_failures; }

    // Entries of single partitions: many at once.
    base::Task<void> replay(EntryPtr entry);
    base::Task<void> compare(EntryPtr entry);
    base::Task<base::Result<void>> replay_on(std::size_t side, EntryPtr entry);
    base::Task<base::Result<void>> replay_patiently(std::size_t side, EntryPtr entry);
    base::Task<base::Result<void>> prepare_values(std::size_t side, std::shared_ptr<Replay> replay, EntryPtr entry);
    base::Task<base::Result<void>> send(std::size_t side, std::shared_ptr<Replay> replay,
                                        driver::ExecuteOptions options);

    // Ends of an entry.
    void settle(const JournalEntry& entry, const base::Result<void>& outcome);
    void forget(const JournalEntry& entry);
    void block(const JournalEntry& entry, std::string note);

    static constexpr int most_failures = 16;  // in a row: the pass is over
    static constexpr int most_fruitless = 3;
    static constexpr std::size_t window_size = 32;

    net::Loop& loop_;
    Journal& journal_;
    const Repair::Options& options_;
    const RepairRequest request_;
    RepairBoard& board_;
    SessionPair sessions_;
    std::unique_ptr<RepairTables> tables_;
    std::unique_ptr<RepairCompare> compare_;
    EntryWindow window_;
    bool is_stopped_ = false;
    int failures_in_a_row_ = 0;
    std::uint64_t visited_ = 0;                 // the last entry that a pass before this one has met
    std::set<std::uint64_t> retried_, failed_;  // those of this pass, and of the next
};

}  // namespace crossfade::proxy
