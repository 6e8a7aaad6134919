#include "migrate/ledger.hpp"

#include <fcntl.h>
#include <sqlite3.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cctype>
#include <filesystem>
#include <span>

namespace crossfade::migrate {
namespace {

// In the order of their text: a new one goes to the end.
constexpr std::uint64_t PartCounts::*counted[] = {
    &PartCounts::origin_rows,     &PartCounts::target_rows,  &PartCounts::static_partitions,
    &PartCounts::writes,          &PartCounts::bytes,        &PartCounts::default_stamped_cells,
    &PartCounts::key_only_rows,   &PartCounts::future_rows,  &PartCounts::unsettled_rows,
    &PartCounts::missing,         &PartCounts::extra,        &PartCounts::different,
    &PartCounts::newer_on_target, &PartCounts::repaired,     &PartCounts::with_value,
    &PartCounts::with_writetime,  &PartCounts::with_ttl,     &PartCounts::with_missing_cell,
    &PartCounts::with_extra_cell, &PartCounts::report_bytes, &PartCounts::refused_expiries,
};

// The counts are one text column, so that a new count needs no new schema.
constexpr const char* schema = R"(
CREATE TABLE IF NOT EXISTS runs (
    id INTEGER PRIMARY KEY AUTOINCREMENT, command TEXT NOT NULL, name TEXT NOT NULL, origin_cluster TEXT NOT NULL, target_cluster TEXT NOT NULL,
    begun_us INTEGER NOT NULL, ended_us INTEGER, exit_code INTEGER);
CREATE TABLE IF NOT EXISTS run_tables (
    id INTEGER PRIMARY KEY AUTOINCREMENT, run INTEGER NOT NULL REFERENCES runs(id), keyspace_name TEXT NOT NULL, table_name TEXT NOT NULL,
    origin_id BLOB NOT NULL, target_id BLOB NOT NULL, begun_us INTEGER NOT NULL, origin_begun_ms INTEGER NOT NULL,
    target_begun_ms INTEGER NOT NULL, is_done INTEGER NOT NULL DEFAULT 0, UNIQUE (run, keyspace_name, table_name));
CREATE TABLE IF NOT EXISTS parts (
    run_table INTEGER NOT NULL REFERENCES run_tables(id), part INTEGER NOT NULL, range_start INTEGER NOT NULL, range_end INTEGER NOT NULL,
    is_done INTEGER NOT NULL DEFAULT 0, counts TEXT NOT NULL DEFAULT '', PRIMARY KEY (run_table, part)) WITHOUT ROWID;
)";

std::string text_of_counts(const PartCounts& counts) {
    std::string text;
    for (const auto member : counted) text += std::to_string(counts.*member) + " ";
    return text;
}

PartCounts counts_of_text(const std::string& text) {
    PartCounts counts;
    std::size_t at = 0;
    const auto next = [&]() -> std::uint64_t {
        if (at >= text.size()) return 0;
        char* end = nullptr;
        const std::uint64_t number = std::strtoull(text.c_str() + at, &end, 10);
        at = static_cast<std::size_t>(end - text.c_str()) + 1;
        return number;
    };
    for (const auto member : counted) counts.*member = next();
    return counts;
}

}  // namespace

PartCounts& PartCounts::operator+=(const PartCounts& more) {
    const std::uint64_t longest = std::max(report_bytes, more.report_bytes);
    for (const auto member : counted) this->*member += more.*member;
    report_bytes = longest;
    return *this;
}

// A connection and what is done with it; every failure is a sentence with the file's name.
struct Ledger::Database {
    std::string path;
    sqlite3* handle = nullptr;

    ~Database() { sqlite3_close_v2(handle); }

    tl::unexpected<base::Error> failure() const {
        return base::fail(base::ErrorKind::bad_configuration,
                          path + ": " + (handle != nullptr ? sqlite3_errmsg(handle) : "out of memory") +
                              "; choose another --state-dir or remove the file");
    }
    base::Result<void> run(const char* sql) {
        if (sqlite3_exec(handle, sql, nullptr, nullptr, nullptr) != SQLITE_OK) return failure();
        return {};
    }
};

namespace {

// One statement with its values. What is bound must live until the statement goes.
class Statement {
public:
    Statement(sqlite3* handle, const char* sql) { sqlite3_prepare_v2(handle, sql, -1, &statement_, nullptr); }
    ~Statement() { sqlite3_finalize(statement_); }
    Statement(const Statement&) = delete;
    Statement& operator=(const Statement&) = delete;

    Statement& bind(std::int64_t value) {
        sqlite3_bind_int64(statement_, ++bound_, value);
        return *this;
    }
    Statement& bind(const std::string& text) {
        sqlite3_bind_text64(statement_, ++bound_, text.data(), text.size(), SQLITE_STATIC, SQLITE_UTF8);
        return *this;
    }
    Statement& bind(const nodes::Uuid& uuid) {
        sqlite3_bind_blob64(statement_, ++bound_, uuid.data(), uuid.size(), SQLITE_STATIC);
        return *this;
    }
    // SQLITE_ROW, SQLITE_DONE, or an error.
    int step() { return statement_ == nullptr ? SQLITE_ERROR : sqlite3_step(statement_); }
    void again() {
        sqlite3_reset(statement_);
        bound_ = 0;
    }
    std::int64_t number(int column) const { return sqlite3_column_int64(statement_, column); }
    std::string text(int column) const {
        const auto* bytes = reinterpret_cast<const char*>(sqlite3_column_text(statement_, column));
        return bytes == nullptr
                   ? std::string()
                   : std::string(bytes, static_cast<std::size_t>(sqlite3_column_bytes(statement_, column)));
    }
    nodes::Uuid uuid(int column) const {
        nodes::Uuid uuid{};
        const auto* bytes = static_cast<const std::uint8_t*>(sqlite3_column_blob(statement_, column));
        if (sqlite3_column_bytes(statement_, column) == static_cast<int>(uuid.size()))
            std::copy_n(bytes, uuid.size(), uuid.begin());
        return uuid;
    }

private:
    sqlite3_stmt* statement_ = nullptr;
    int bound_ = 0;
};

}  // namespace

Ledger::Ledger(std::unique_ptr<Database> database) : database_(std::move(database)) {}
Ledger::Ledger(Ledger&&) noexcept = default;
Ledger& Ledger::operator=(Ledger&&) noexcept = default;
Ledger::~Ledger() = default;

base::Result<Ledger> Ledger::open(const std::string& folder) {
    std::error_code error;
    std::filesystem::create_directories(folder, error);
    if (error)
        return base::fail(base::ErrorKind::bad_configuration,
                          folder + ": cannot be made: " + error.message() + "; choose another --state-dir");
    ::chmod(folder.c_str(), 0700);
    auto database = std::make_unique<Database>();
    database->path = folder + "/ledger.sqlite";
    // Made with narrow rights before SQLite opens it: the names of tables are nobody else's business.
    const int file = ::open(database->path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (file >= 0) ::close(file);
    if (sqlite3_open_v2(database->path.c_str(), &database->handle, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX,
                        nullptr) != SQLITE_OK)
        return database->failure();
    sqlite3_busy_timeout(database->handle, 10000);
    // WAL with NORMAL: a killed process loses nothing, a machine that loses its power at most the last finished ranges,
    // which are then done again.
    for (const char* sql : {"PRAGMA journal_mode = WAL", "PRAGMA synchronous = NORMAL", schema}) {
        auto done = database->run(sql);
        if (!done) return base::fail(std::move(done.error()));
    }
    return Ledger(std::move(database));
}

base::Result<Ledger::Run> Ledger::begin_run(const std::string& command, const std::string& name,
                                            const std::string& origin_cluster, const std::string& target_cluster,
                                            std::int64_t now_us, bool restart) {
    Database& database = *database_;
    if (restart) {
        Statement end(database.handle,
                      "UPDATE runs SET ended_us = ? WHERE command = ? AND name = ? AND ended_us IS NULL");
        if (end.bind(now_us).bind(command).bind(name).step() != SQLITE_DONE) return database.failure();
    }
    Statement find(database.handle,
                   "SELECT id, begun_us FROM runs WHERE command = ? AND name = ? AND origin_cluster = ? AND "
                   "target_cluster = ? AND ended_us IS NULL "
                   "ORDER BY id DESC LIMIT 1");
    const int found = find.bind(command).bind(name).bind(origin_cluster).bind(target_cluster).step();
    if (found == SQLITE_ROW) return Run{find.number(0), find.number(1), true};
    if (found != SQLITE_DONE) return database.failure();
    Statement add(database.handle,
                  "INSERT INTO runs (command, name, origin_cluster, target_cluster, begun_us) VALUES (?, ?, ?, ?, ?)");
    if (add.bind(command).bind(name).bind(origin_cluster).bind(target_cluster).bind(now_us).step() != SQLITE_DONE)
        return database.failure();
    return Run{sqlite3_last_insert_rowid(database.handle), now_us, false};
}

base::Result<void> Ledger::end_run(const Run& run, std::int64_t now_us, int exit_code) {
    Statement end(database_->handle, "UPDATE runs SET ended_us = ?, exit_code = ? WHERE id = ?");
    if (end.bind(now_us).bind(std::int64_t{exit_code}).bind(run.id).step() != SQLITE_DONE) return database_->failure();
    // What an ended run did is of no use to any other.
    Statement clean(database_->handle,
                    "DELETE FROM parts WHERE run_table IN (SELECT id FROM run_tables WHERE run = ?)");
    if (clean.bind(run.id).step() != SQLITE_DONE) return database_->failure();
    return {};
}

base::Result<LedgerTable> Ledger::find_table(const Run& run, const cql::TableName& name) {
    LedgerTable table;
    table.name = name;
    Statement find(
        database_->handle,
        "SELECT id, origin_id, target_id, begun_us, origin_begun_ms, target_begun_ms, is_done FROM run_tables "
        "WHERE run = ? AND keyspace_name = ? AND table_name = ?");
    const int found = find.bind(run.id).bind(name.keyspace).bind(name.table).step();
    if (found == SQLITE_DONE) return table;
    if (found != SQLITE_ROW) return database_->failure();
    table.id = find.number(0);
    table.origin_id = find.uuid(1);
    table.target_id = find.uuid(2);
    table.begun_us = find.number(3);
    table.origin_begun_ms = find.number(4);
    table.target_begun_ms = find.number(5);
    table.is_done = find.number(6) != 0;
    Statement parts(
        database_->handle,
        "SELECT part, range_start, range_end, is_done, counts FROM parts WHERE run_table = ? ORDER BY part");
    parts.bind(table.id);
    int step = SQLITE_ROW;
    while ((step = parts.step()) == SQLITE_ROW) {
        LedgerPart part;
        part.index = parts.number(0);
        part.range = {parts.number(1), parts.number(2)};
        part.is_done = parts.number(3) != 0;
        part.counts = counts_of_text(parts.text(4));
        table.parts.push_back(part);
    }
    if (step != SQLITE_DONE) return database_->failure();
    return table;
}

base::Result<void> Ledger::forget_table(const LedgerTable& table) {
    Statement parts(database_->handle, "DELETE FROM parts WHERE run_table = ?");
    if (parts.bind(table.id).step() != SQLITE_DONE) return database_->failure();
    Statement self(database_->handle, "DELETE FROM run_tables WHERE id = ?");
    if (self.bind(table.id).step() != SQLITE_DONE) return database_->failure();
    return {};
}

base::Result<LedgerTable> Ledger::begin_table(const Run& run, LedgerTable table) {
    // All or nothing: a table with some of its parts would look finished when those are.
    auto begun = database_->run("BEGIN IMMEDIATE");
    if (!begun) return base::fail(std::move(begun.error()));
    const auto add_all = [&]() -> base::Result<void> {
        auto before = find_table(run, table.name);
        if (!before) return base::fail(std::move(before.error()));
        if (before->id != 0) {
            auto forgotten = forget_table(*before);
            if (!forgotten) return forgotten;
        }
        Statement add(database_->handle,
                      "INSERT INTO run_tables (run, keyspace_name, table_name, origin_id, target_id, begun_us, "
                      "origin_begun_ms, target_begun_ms) "
                      "VALUES (?, ?, ?, ?, ?, ?, ?, ?)");
        add.bind(run.id).bind(table.name.keyspace).bind(table.name.table).bind(table.origin_id).bind(table.target_id);
        if (add.bind(table.begun_us).bind(table.origin_begun_ms).bind(table.target_begun_ms).step() != SQLITE_DONE)
            return database_->failure();
        table.id = sqlite3_last_insert_rowid(database_->handle);
        Statement part(database_->handle,
                       "INSERT INTO parts (run_table, part, range_start, range_end) VALUES (?, ?, ?, ?)");
        for (const LedgerPart& one : table.parts) {
            if (part.bind(table.id).bind(one.index).bind(one.range.start).bind(one.range.end).step() != SQLITE_DONE)
                return database_->failure();
            part.again();
        }
        return {};
    };
    auto added = add_all();
    auto ended = database_->run(added ? "COMMIT" : "ROLLBACK");
    if (!added) return base::fail(std::move(added.error()));
    if (!ended) return base::fail(std::move(ended.error()));
    return table;
}

base::Result<void> Ledger::finish_part(const LedgerTable& table, const LedgerPart& part) {
    const std::string counts = text_of_counts(part.counts);
    Statement finish(database_->handle, "UPDATE parts SET is_done = 1, counts = ? WHERE run_table = ? AND part = ?");
    if (finish.bind(counts).bind(table.id).bind(part.index).step() != SQLITE_DONE) return database_->failure();
    return {};
}

base::Result<void> Ledger::finish_table(const LedgerTable& table) {
    Statement finish(database_->handle, "UPDATE run_tables SET is_done = 1 WHERE id = ?");
    if (finish.bind(table.id).step() != SQLITE_DONE) return database_->failure();
    return {};
}

base::Result<FolderLock> FolderLock::take(const std::string& path) {
    const int file = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (file < 0)
        return base::fail(base::ErrorKind::bad_configuration, path + ": cannot be written; choose another --state-dir");
    FolderLock lock(file);
    if (::flock(file, LOCK_EX | LOCK_NB) != 0)
        return base::fail(base::ErrorKind::unavailable, path + ": another run on the same tables is under way");
    return lock;
}

FolderLock::FolderLock(FolderLock&& other) noexcept : file_(std::exchange(other.file_, -1)) {}
FolderLock& FolderLock::operator=(FolderLock&& other) noexcept {
    std::swap(file_, other.file_);
    return *this;
}
FolderLock::~FolderLock() {
    if (file_ >= 0) ::close(file_);
}

}  // namespace crossfade::migrate
