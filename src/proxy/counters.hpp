// What is counted while the proxy runs. One set for each loop, written by that loop only, read by anyone.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>

namespace crossfade::proxy {

class WrittenTables;
class ConnectedClients;

class Counter {
public:
    // Only the owning loop calls these: no locked instruction is needed.
    void add(std::uint64_t more = 1) {
        value_.store(value_.load(std::memory_order_relaxed) + more, std::memory_order_relaxed);
    }
    std::uint64_t value() const { return value_.load(std::memory_order_relaxed); }

private:
    std::atomic<std::uint64_t> value_{0};
};

struct alignas(64) Counters {
    Counter reads, writes, prepares, local_answers;
    Counter read_errors, write_errors, unprepared_to_client;
    Counter conditional_writes, not_repeatable_writes, journaled, late_settled;
    Counter rehearsed, rehearsal_equal, rehearsal_different, rehearsal_failed, rehearsal_skipped;
    Counter retried, refused_unsent;
    // What all loops count together: every set names the same ones, from its policy's making on.
    std::shared_ptr<const WrittenTables> written_tables;
    std::shared_ptr<const ConnectedClients> connected_clients;
};

}  // namespace crossfade::proxy
