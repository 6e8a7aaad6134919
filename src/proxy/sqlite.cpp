#include "proxy/sqlite.hpp"

#include <spdlog/fmt/fmt.h>
#include <sqlite3.h>

namespace crossfade::proxy {
namespace {

tl::unexpected<base::Error> failure(sqlite3* database) {
    return base::fail(base::ErrorKind::internal,
                      fmt::format("{} (SQLite {})", sqlite3_errmsg(database), sqlite3_extended_errcode(database)));
}

}  // namespace

void Query::Finalize::operator()(sqlite3_stmt* statement) const {
    sqlite3_finalize(statement);
}
void Database::Close::operator()(sqlite3* database) const {
    sqlite3_close_v2(database);
}

// A bind that fails (a value over SQLite's 1 GB, no memory) leaves NULL there, which every column that matters refuses
// (NOT NULL).
Query& Query::bind(int index, std::int64_t value) {
    sqlite3_bind_int64(statement_.get(), index, value);
    return *this;
}

Query& Query::bind(int index, std::string_view text) {
    // A null pointer would bind NULL where an empty text is meant.
    sqlite3_bind_text64(statement_.get(), index, text.data() ? text.data() : "", text.size(), SQLITE_STATIC,
                        SQLITE_UTF8);
    return *this;
}

Query& Query::bind(int index, base::ByteView bytes) {
    if (bytes.empty()) {
        sqlite3_bind_zeroblob(statement_.get(), index, 0);
    } else {
        sqlite3_bind_blob64(statement_.get(), index, bytes.data(), bytes.size(), SQLITE_STATIC);
    }
    return *this;
}

base::Result<bool> Query::step() {
    const int code = sqlite3_step(statement_.get());
    if (code == SQLITE_ROW) return true;
    if (code == SQLITE_DONE) {
        reset();
        return false;
    }
    auto failed = failure(sqlite3_db_handle(statement_.get()));
    reset();
    return failed;
}

base::Result<void> Query::run() {
    auto stepped = step();
    reset();
    if (!stepped) return base::fail(std::move(stepped.error()));
    return {};
}

void Query::reset() {
    sqlite3_reset(statement_.get());
    sqlite3_clear_bindings(statement_.get());
}

std::int64_t Query::number(int column) const {
    return sqlite3_column_int64(statement_.get(), column);
}

std::string_view Query::text(int column) const {
    return base::text_of(bytes(column));
}

base::ByteView Query::bytes(int column) const {
    const auto* data = static_cast<const std::uint8_t*>(sqlite3_column_blob(statement_.get(), column));
    return {data, data ? static_cast<std::size_t>(sqlite3_column_bytes(statement_.get(), column)) : 0};
}

base::Result<Database> Database::open(const std::string& path) {
    sqlite3* opened = nullptr;
    const int code = sqlite3_open_v2(path.c_str(), &opened, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, nullptr);
    Database database;
    database.database_.reset(opened);
    if (code != SQLITE_OK) {
        if (!opened) return base::fail(base::ErrorKind::internal, sqlite3_errstr(code));
        return failure(opened);
    }
    sqlite3_extended_result_codes(opened, 1);
    sqlite3_busy_timeout(opened, 5000);
    return database;
}

base::Result<void> Database::run(const char* sql) {
    if (sqlite3_exec(database_.get(), sql, nullptr, nullptr, nullptr) != SQLITE_OK) return failure(database_.get());
    return {};
}

base::Result<Query> Database::prepare(std::string_view sql) {
    sqlite3_stmt* statement = nullptr;
    if (sqlite3_prepare_v3(database_.get(), sql.data(), static_cast<int>(sql.size()), SQLITE_PREPARE_PERSISTENT,
                           &statement, nullptr) != SQLITE_OK) {
        return failure(database_.get());
    }
    Query query;
    query.statement_.reset(statement);
    return query;
}

bool Database::is_in_transaction() const {
    return sqlite3_get_autocommit(database_.get()) == 0;
}

}  // namespace crossfade::proxy
