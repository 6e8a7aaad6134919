// SQLite as values: what fails is a Result, what is open closes itself. One thread at a time.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/bytes.hpp"
#include "base/result.hpp"

struct sqlite3;
struct sqlite3_stmt;

namespace crossfade::proxy {

// One compiled statement. Use: bind everything, step() until it gives false (or reset()). Lives shorter than its
// database.
class Query {
public:
    Query() = default;

    // Parameters count from 1. Text and bytes must live until reset(), or the last step().
    Query& bind(int index, std::int64_t value);
    Query& bind(int index, std::string_view text);
    Query& bind(int index, base::ByteView bytes);

    // True: there is a row. False: it is done, and ready to be bound again. Errors: kind internal, with SQLite's words;
    // it is ready to be bound again then, too.
    base::Result<bool> step();
    // For statements without rows.
    base::Result<void> run();
    void reset();

    // Columns count from 0; views die with the next step() or reset().
    std::int64_t number(int column) const;
    std::string_view text(int column) const;
    base::ByteView bytes(int column) const;

private:
    friend class Database;
    struct Finalize {
        void operator()(sqlite3_stmt* statement) const;
    };
    std::unique_ptr<sqlite3_stmt, Finalize> statement_;
};

class Database {
public:
    Database() = default;

    // Opens an existing file (an empty one is an empty database). Errors: kind internal, with SQLite's words.
    static base::Result<Database> open(const std::string& path);

    base::Result<void> run(const char* sql);
    base::Result<Query> prepare(std::string_view sql);
    // Whether a transaction is open: an error may have ended it.
    bool is_in_transaction() const;

private:
    struct Close {
        void operator()(sqlite3* database) const;
    };
    std::unique_ptr<sqlite3, Close> database_;
};

}  // namespace crossfade::proxy
