// What a stub node was asked. Each worker counts for itself, on its own thread; the control port adds them up.
#pragma once

#include <array>
#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.hpp"
#include "cql/type.hpp"

namespace crossfade::lab {

struct TableCounts {
    std::uint64_t reads = 0, writes = 0;
};

struct Counts {
    // Requests, by what they were.
    std::uint64_t options = 0, startups = 0, registers = 0, queries = 0, prepares = 0, executes = 0, batches = 0;
    std::uint64_t batch_children = 0;
    // Statements for user tables that were taken: answered without an error, or never answered. A BATCH is one write.
    std::uint64_t reads = 0, writes = 0, conditional_writes = 0;
    std::uint64_t system_reads = 0, truncates = 0, schema_changes = 0, uses = 0;
    // What went otherwise.
    std::uint64_t unprepared = 0, forgotten = 0, errors = 0, injected_errors = 0, unanswered = 0, closed = 0,
                  logins_refused = 0;
    std::uint64_t metadata_changed = 0;  // v5 EXECUTEs with another result metadata id than ours
    std::uint64_t connections = 0;       // accepted
    std::uint64_t open_connections = 0;  // now; not reset
    // Default timestamps of writes, in microseconds.
    std::uint64_t writes_without_timestamp = 0,
                  writes_using_timestamp = 0;  // no default timestamp; of these, USING TIMESTAMP in the text
    std::int64_t least_timestamp = std::numeric_limits<std::int64_t>::max();
    std::int64_t largest_timestamp = std::numeric_limits<std::int64_t>::min();
    std::map<std::string, std::uint64_t> logins;   // by user
    std::map<std::string, std::uint64_t> drivers;  // STARTUPs by DRIVER_NAME, DRIVER_VERSION and APPLICATION_NAME
    std::map<std::string, TableCounts>
        tables;  // a BATCH counts once for each child. Addresses stay: statements point at them

    void add(const Counts& other);
    // To zero, but for open_connections. Tables keep their places.
    void reset();
    std::string to_json() const;
};

// One write that came, as the control port shows it. The oldest make room for new ones.
struct WriteRecord {
    static constexpr std::size_t largest_key = 64;

    std::string_view table;  // lives as long as the worker
    std::string_view verb;
    std::optional<std::int64_t> timestamp;  // the default timestamp
    bool is_literal = false;                // the key is text from the statement, else bytes of the key's type
    bool is_cut = false;
    std::uint8_t key_size = 0;
    std::array<std::uint8_t, largest_key> key{};

    void set_key(base::ByteView bytes, bool literal);
    std::string to_json(cql::TypeCode key_type) const;
};

class WriteRing {
public:
    static constexpr std::size_t capacity = 10'000;

    // The place to fill for the next write.
    WriteRecord& next() {
        if (records_.size() < capacity) return records_.emplace_back();
        WriteRecord& oldest = records_[dropped_++ % capacity];
        oldest = WriteRecord();
        return oldest;
    }
    void clear() {
        records_.clear();
        dropped_ = 0;
    }
    std::uint64_t dropped() const { return dropped_; }
    // Oldest first.
    template <class Visit>
    void for_each(Visit&& visit) const {
        for (std::size_t i = 0; i < records_.size(); ++i) visit(records_[(dropped_ + i) % records_.size()]);
    }

private:
    std::vector<WriteRecord> records_;
    std::uint64_t dropped_ = 0;
};

}  // namespace crossfade::lab
