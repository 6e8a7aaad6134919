// What the tests of the journal and its repair share: a directory that vanishes and simple entries.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <future>
#include <string>

#include "cql/request.hpp"
#include "proxy/journal.hpp"
#include "proxy/verdict.hpp"

namespace crossfade::proxy {

class TemporaryDirectory {
public:
    TemporaryDirectory() {
        std::string name = (std::filesystem::temp_directory_path() / "crossfade-journal-XXXXXX").string();
        if (::mkdtemp(name.data())) path_ = name;
    }
    ~TemporaryDirectory() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    TemporaryDirectory(const TemporaryDirectory&) = delete;
    TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
    const std::string& path() const { return path_; }

private:
    std::string path_;
};

inline Journal::Options options_in(const std::string& directory) {
    Journal::Options options;
    options.directory = directory;
    options.origin_cluster = "old";
    options.target_cluster = "new";
    return options;
}

// The body of a v4 QUERY.
inline base::Bytes query_body(std::string_view text, std::int64_t timestamp) {
    cql::QueryOptions options;
    options.timestamp = timestamp;
    base::Bytes frame;
    cql::append_query(frame, cql::ProtocolVersion::v4, 1, text, options);
    return {frame.begin() + cql::frame_header_size, frame.end()};
}

// ks.TABLE missed a write at the target.
inline JournalEntry mutation(const std::string& table, std::int64_t timestamp = 1'000'000) {
    JournalEntry entry;
    entry.time_us = timestamp;
    entry.timestamp = timestamp;
    entry.sides = target_side;
    entry.tables = {{"ks", table}};
    entry.cause = "target did not answer";
    entry.body = query_body("INSERT INTO ks." + table + " (k) VALUES (1)", timestamp);
    return entry;
}

// Appends it and waits until it is on disk; 0 when it did not get there.
inline std::uint64_t append_durably(Journal& journal, JournalEntry entry) {
    std::promise<bool> durable;
    const std::uint64_t id =
        journal.append(std::move(entry), [&](const base::Result<void>& done) { durable.set_value(done.has_value()); });
    return durable.get_future().get() ? id : 0;
}

inline bool mark_durably(Journal& journal, const cql::TableName& table) {
    std::promise<bool> durable;
    journal.mark_written(table, [&](const base::Result<void>& done) { durable.set_value(done.has_value()); });
    return durable.get_future().get();
}

}  // namespace crossfade::proxy
