// What is to be done with an entry of the journal (SEMANTICS, Journal). Pure.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <string>

#include "cql/protocol.hpp"
#include "proxy/journal.hpp"
#include "proxy/repair_replay.hpp"

namespace crossfade::proxy {

// A table as one cluster has it.
struct TableOnSide {
    bool exists = false;
    bool is_counter = false;
    std::int64_t gc_grace_s = 0;
    std::int32_t default_ttl = 0;
    std::int64_t created_us = 0;     // by our clock; 0: unknown
    bool knows_truncations = false;  // the cluster tells when tables were emptied
    std::int64_t truncated_us = 0;   // by our clock; 0: never, or unknown
};
// Index 0 is the origin, 1 the target.
using TableOnSides = std::array<TableOnSide, 2>;
using FindTable = std::function<const TableOnSides&(const cql::TableName&)>;

struct Decision {
    enum class Course : std::uint8_t {
        replay,
        compare,        // the entry's partitions
        compare_table,  // all of its tables
        truncate,
        schema,
        forget,  // its tables are on neither cluster: nothing can differ
        block,   // `note` says why
    };
    Course course = Course::replay;
    std::string note;
};

// Nodes' clocks may differ by this much: what was emptied so near the time of an entry may have been emptied after it.
constexpr std::int64_t emptied_margin_us = 5'000'000;

// `replay` is read_replay() of a mutation, with its values; null for other kinds, or when it cannot be read. `versions`
// are those of both sides' sessions.
Decision decide(const JournalEntry& entry, const Replay* replay, const FindTable& find_table,
                const std::array<cql::ProtocolVersion, 2>& versions, std::int64_t now_us, bool includes_counters);

// Whether a table of the entry has counters, on either side.
bool is_of_counters(const JournalEntry& entry, const FindTable& find_table);

// Whether a cluster that answers with this error would do so every time.
bool is_refused_for_good(cql::ErrorCode code);

}  // namespace crossfade::proxy
