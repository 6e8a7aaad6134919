#include "proxy/journal_store.hpp"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <charconv>

#include "cql/request.hpp"
#include "proxy/journal_rows.hpp"
#include "proxy/verdict.hpp"

namespace crossfade::proxy {
namespace {

constexpr std::string_view current_format = "1";

// The queries say `kind <= 1` for single entries.
static_assert(static_cast<int>(JournalEntry::Kind::mutation) == 0 &&
              static_cast<int>(JournalEntry::Kind::compare) == 1);

// Bodies come last: what only counts or groups never reads their pages.
constexpr const char* schema = R"(
CREATE TABLE information (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE table_set (id INTEGER PRIMARY KEY, tables BLOB NOT NULL UNIQUE);
CREATE TABLE written (tables BLOB PRIMARY KEY, since_us INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE entry (
    id INTEGER PRIMARY KEY AUTOINCREMENT, time_us INTEGER NOT NULL, until_us INTEGER NOT NULL, kind INTEGER NOT NULL,
    state INTEGER NOT NULL, sides INTEGER NOT NULL, table_set INTEGER NOT NULL, least_stamp INTEGER NOT NULL,
    timestamp INTEGER NOT NULL, opcode INTEGER NOT NULL, version INTEGER NOT NULL, keyspace TEXT NOT NULL, cause TEXT NOT NULL,
    note TEXT NOT NULL, partition_key BLOB NOT NULL, prepared BLOB NOT NULL, body BLOB NOT NULL);
CREATE INDEX entry_by_table ON entry (table_set, kind, state, sides, time_us, least_stamp);
)";

std::int64_t in_microseconds(std::chrono::milliseconds time) {
    return std::chrono::duration_cast<std::chrono::microseconds>(time).count();
}

std::int64_t as_number(std::string_view text) {
    std::int64_t number = 0;
    std::from_chars(text.data(), text.data() + text.size(), number);
    return number;
}

bool uses_timestamp(std::string_view text) {
    return cql::classify(text).has_using_timestamp;
}

}  // namespace

bool is_single(JournalEntry::Kind kind) {
    return kind == JournalEntry::Kind::mutation || kind == JournalEntry::Kind::compare;
}

std::int64_t least_stamp(const JournalEntry& entry) {
    if (entry.kind == JournalEntry::Kind::table) return entry.timestamp;
    if (entry.kind != JournalEntry::Kind::mutation) return 0;
    for (const JournaledStatement& statement : entry.prepared) {
        if (uses_timestamp(statement.text)) return 0;
    }
    if (entry.opcode == cql::Opcode::query) {
        const auto query = cql::parse_query(entry.version, entry.body);
        if (!query || uses_timestamp(query->text)) return 0;
    } else if (entry.opcode == cql::Opcode::batch) {
        const auto batch = cql::parse_batch(entry.version, entry.body);
        if (!batch) return 0;
        bool has_own = false;
        cql::for_each_child(*batch, [&](const cql::BatchChild& child) {
            has_own = has_own || (!child.is_prepared && uses_timestamp(child.text));
        });
        if (has_own) return 0;
    }
    return entry.timestamp;
}

void JournalCounts::add(std::uint8_t sides, JournalEntry::Kind kind, std::int64_t times) {
    entries += times;
    if (is_single(kind)) singles += times;
    if (sides & origin_side) origin += times;
    if (sides & target_side) target += times;
}

JournalCounts& JournalCounts::operator+=(const JournalCounts& other) {
    entries += other.entries;
    singles += other.singles;
    origin += other.origin;
    target += other.target;
    return *this;
}

base::Result<JournalStore> JournalStore::open(const std::string& path, const Journal::Options& options,
                                              std::int64_t now_us) {
    auto database = Database::open(path);
    if (!database) return base::fail(std::move(database.error()));
    JournalStore store;
    store.database_ = std::move(*database);
    // FULL: each commit has synced the write-ahead log when it returns.
    for (const char* pragma : {"PRAGMA journal_mode = WAL", "PRAGMA synchronous = FULL", "PRAGMA secure_delete = OFF",
                               "PRAGMA journal_size_limit = 67108864",
                               // A quarter of what is usual: on a small or nearly full disk the log's space is needed.
                               "PRAGMA wal_autocheckpoint = 256"}) {
        if (auto done = store.database_.run(pragma); !done) return base::fail(std::move(done.error()));
    }
    if (auto done = store.begin(); !done) return base::fail(std::move(done.error()));
    auto tables = store.database_.prepare("SELECT count(*) FROM sqlite_master");
    if (!tables) return base::fail(std::move(tables.error()));
    auto row = tables->step();
    if (!row) return base::fail(std::move(row.error()));
    const bool is_new = tables->number(0) == 0;
    tables->reset();
    if (auto done = is_new ? store.create(options) : store.check(options); !done)
        return base::fail(std::move(done.error()));
    if (auto done = store.prepare_queries(); !done) return base::fail(std::move(done.error()));
    if (auto done = store.enter_unclean_stop(options, now_us); !done) return base::fail(std::move(done.error()));
    if (auto done = store.commit(); !done) return base::fail(std::move(done.error()));
    return store;
}

base::Result<void> JournalStore::create(const Journal::Options& options) {
    if (auto done = database_.run(schema); !done) return done;
    if (auto done = set_information("format", current_format); !done) return done;
    if (auto done = set_information("origin_cluster", options.origin_cluster); !done) return done;
    return set_information("target_cluster", options.target_cluster);
}

base::Result<void> JournalStore::check(const Journal::Options& options) {
    auto format = information("format");
    if (!format) return base::fail(std::move(format.error()));
    if (*format != current_format) {
        return base::fail(base::ErrorKind::bad_configuration,
                          fmt::format("it has format {}, this program reads format {}", *format, current_format));
    }
    auto origin = information("origin_cluster");
    auto target = information("target_cluster");
    if (!origin) return base::fail(std::move(origin.error()));
    if (!target) return base::fail(std::move(target.error()));
    // A cluster that was away when the journal was made has its name recorded once it is known.
    const auto differ = [](const std::string& recorded, const std::string& now) {
        return !recorded.empty() && !now.empty() && recorded != now;
    };
    if (differ(*origin, options.origin_cluster) || differ(*target, options.target_cluster)) {
        return base::fail(
            base::ErrorKind::bad_configuration,
            fmt::format(
                "it belongs to origin '{}' and target '{}', not to '{}' and '{}'; give this pair a state_dir of "
                "its own",
                *origin, *target, options.origin_cluster, options.target_cluster));
    }
    if (origin->empty() && !options.origin_cluster.empty()) {
        if (auto done = set_information("origin_cluster", options.origin_cluster); !done) return done;
    }
    if (target->empty() && !options.target_cluster.empty())
        return set_information("target_cluster", options.target_cluster);
    return {};
}

base::Result<void> JournalStore::prepare_queries() {
    struct Named {
        Query& query;
        const char* sql;
    };
    const Named queries[] = {
        {insert_,
         "INSERT INTO entry (id, time_us, until_us, kind, state, sides, table_set, least_stamp, timestamp, opcode, "
         "version, "
         "keyspace, cause, note, partition_key, prepared, body) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, "
         "?, ?)"},
        {erase_, "DELETE FROM entry WHERE id = ? RETURNING sides, kind"},
        {block_, "UPDATE entry SET state = 1, note = ? WHERE id = ?"},
        {mark_, "INSERT OR IGNORE INTO written (tables, since_us) VALUES (?, ?)"},
        {find_set_, "SELECT id FROM table_set WHERE tables = ?"},
        {add_set_, "INSERT INTO table_set (tables) VALUES (?) RETURNING id"},
        {delete_collapsed_,
         "DELETE FROM entry WHERE id IN (SELECT id FROM entry INDEXED BY entry_by_table WHERE table_set = ? AND "
         "kind <= 1 AND id <= ? LIMIT ?) RETURNING sides, kind"},
    };
    for (const Named& named : queries) {
        auto prepared = database_.prepare(named.sql);
        if (!prepared) return base::fail(std::move(prepared.error()));
        named.query = std::move(*prepared);
    }
    // AUTOINCREMENT keeps the largest id that ever was, also when its entry is gone.
    auto last = database_.prepare("SELECT seq FROM sqlite_sequence WHERE name = 'entry'");
    if (!last) return base::fail(std::move(last.error()));
    auto row = last->step();
    if (!row) return base::fail(std::move(row.error()));
    if (*row) next_id_ = static_cast<std::uint64_t>(last->number(0)) + 1;
    return {};
}

void JournalStore::roll_back() {
    if (is_in_transaction()) (void)database_.run("ROLLBACK");
    table_sets_.clear();  // some may have been added in it
}

base::Result<std::int64_t> JournalStore::table_set_of(const std::vector<cql::TableName>& tables) {
    const base::Bytes encoded = encode_tables(tables);
    if (const auto known = table_sets_.find(encoded); known != table_sets_.end()) return known->second;
    auto found = find_set_.bind(1, base::ByteView(encoded)).step();
    if (!found) return base::fail(std::move(found.error()));
    std::int64_t id = 0;
    if (*found) {
        id = find_set_.number(0);
        find_set_.reset();
    } else {
        auto added = add_set_.bind(1, base::ByteView(encoded)).step();
        if (!added) return base::fail(std::move(added.error()));
        id = add_set_.number(0);
        add_set_.reset();
    }
    // Batches over changing sets of tables must not fill the memory.
    if (table_sets_.size() >= 10000) table_sets_.clear();
    table_sets_.emplace(encoded, id);
    return id;
}

base::Result<void> JournalStore::insert(const JournalEntry& entry) {
    const auto table_set = table_set_of(entry.tables);
    if (!table_set) return base::fail(table_set.error());
    const base::Bytes prepared = encode_statements(entry.prepared);
    insert_.bind(1, static_cast<std::int64_t>(entry.id)).bind(2, entry.time_us).bind(3, entry.until_us);
    insert_.bind(4, static_cast<std::int64_t>(entry.kind)).bind(5, static_cast<std::int64_t>(entry.state));
    insert_.bind(6, std::int64_t{entry.sides}).bind(7, *table_set).bind(8, least_stamp(entry)).bind(9, entry.timestamp);
    insert_.bind(10, static_cast<std::int64_t>(entry.opcode)).bind(11, static_cast<std::int64_t>(entry.version));
    insert_.bind(12, entry.keyspace)
        .bind(13, entry.cause)
        .bind(14, entry.note)
        .bind(15, base::ByteView(entry.partition_key));
    return insert_.bind(16, base::ByteView(prepared)).bind(17, base::ByteView(entry.body)).run();
}

base::Result<JournalCounts> JournalStore::erase(std::uint64_t id) {
    JournalCounts change;
    auto row = erase_.bind(1, static_cast<std::int64_t>(id)).step();
    if (!row) return base::fail(std::move(row.error()));
    if (*row) {
        change.add(static_cast<std::uint8_t>(erase_.number(0)), static_cast<JournalEntry::Kind>(erase_.number(1)), -1);
        erase_.reset();
    }
    return change;
}

base::Result<void> JournalStore::set_blocked(std::uint64_t id, std::string_view note) {
    return block_.bind(1, note).bind(2, static_cast<std::int64_t>(id)).run();
}

base::Result<void> JournalStore::mark_written(const cql::TableName& table, std::int64_t now_us) {
    auto settled = information("settled_us");
    if (!settled) return base::fail(std::move(settled.error()));
    if (settled->empty()) {
        if (auto done = set_settled(now_us); !done) return done;
    }
    const base::Bytes encoded = encode_tables({table});
    return mark_.bind(1, base::ByteView(encoded)).bind(2, now_us).run();
}

base::Result<void> JournalStore::set_settled(std::int64_t now_us) {
    return set_information("settled_us", std::to_string(now_us));
}

base::Result<void> JournalStore::remove_marks() {
    if (auto done = database_.run("DELETE FROM written"); !done) return done;
    return database_.run("DELETE FROM information WHERE key = 'settled_us'");
}

base::Result<void> JournalStore::enter_unclean_stop(const Journal::Options& options, std::int64_t now_us) {
    auto settled = information("settled_us");
    if (!settled) return base::fail(std::move(settled.error()));
    auto marks = database_.prepare("SELECT tables FROM written");
    if (!marks) return base::fail(std::move(marks.error()));
    std::vector<cql::TableName> tables;
    for (;;) {
        auto row = marks->step();
        if (!row) return base::fail(std::move(row.error()));
        if (!*row) break;
        const auto decoded = decode_tables(marks->bytes(0));
        if (!decoded) return base::fail(decoded.error());
        tables.insert(tables.end(), decoded->begin(), decoded->end());
    }
    TableSince since;
    // A write is settled one request timeout after it came, or somewhat later when its loop was busy: one heartbeat is
    // allowed for that.
    since.time_us =
        std::min(as_number(*settled), now_us) - in_microseconds(options.request_timeout + options.heartbeat);
    since.until_us = now_us;
    since.sides = origin_side | target_side;
    since.cause = "the proxy ended without closing its journal: what was being written then may be on one cluster only";
    for (const cql::TableName& table : tables) {
        if (auto done = put_table(table, since, [this] { return next_id_++; }); !done)
            return base::fail(std::move(done.error()));
    }
    return remove_marks();
}

void TableSince::cover(std::int64_t other_time_us, std::int64_t other_until_us, std::int64_t other_least_stamp,
                       std::uint8_t other_sides) {
    time_us = std::min(time_us, other_time_us);
    until_us = std::max(until_us, other_until_us);
    least_stamp = std::min(least_stamp, other_least_stamp);
    sides = static_cast<std::uint8_t>(sides | other_sides);
}

base::Result<JournalCounts> JournalStore::put_table(const cql::TableName& table, TableSince since,
                                                    const TakeId& take_id) {
    const auto table_set = table_set_of({table});
    if (!table_set) return base::fail(table_set.error());
    auto older = database_.prepare(
        "SELECT id, time_us, until_us, sides, least_stamp FROM entry WHERE table_set = ? AND kind = ? AND state = 0");
    if (!older) return base::fail(std::move(older.error()));
    older->bind(1, *table_set).bind(2, static_cast<std::int64_t>(JournalEntry::Kind::table));
    std::vector<std::uint64_t> replaced;
    for (;;) {
        auto row = older->step();
        if (!row) return base::fail(std::move(row.error()));
        if (!*row) break;
        replaced.push_back(static_cast<std::uint64_t>(older->number(0)));
        since.cover(older->number(1), older->number(2), older->number(4), static_cast<std::uint8_t>(older->number(3)));
    }
    JournalCounts change;
    for (const std::uint64_t id : replaced) {
        auto erased = erase(id);
        if (!erased) return base::fail(std::move(erased.error()));
        change += *erased;
    }
    // Under a new id: a repair that is under way with the old entry withdraws the old one, and this stays.
    JournalEntry entry;
    entry.id = take_id();
    entry.kind = JournalEntry::Kind::table;
    entry.time_us = since.time_us;
    entry.until_us = since.until_us;
    entry.sides = since.sides;
    entry.timestamp = since.least_stamp;
    entry.cause = std::move(since.cause);
    entry.tables = {table};
    if (auto done = insert(entry); !done) return base::fail(std::move(done.error()));
    change.add(entry.sides, entry.kind);
    return change;
}

base::Result<std::vector<Collapse>> JournalStore::start_collapse(const TakeId& take_id, std::int64_t singles,
                                                                 std::int64_t keep, JournalCounts& change) {
    struct Group {
        Collapse collapse;
        TableSince since;
    };
    std::vector<Group> groups;
    auto query = database_.prepare(
        "SELECT table_set, sides, count(*), min(time_us), max(time_us), min(least_stamp), max(id) FROM entry "
        "WHERE kind <= 1 GROUP BY table_set, kind, state, sides");
    if (!query) return base::fail(std::move(query.error()));
    for (;;) {
        auto row = query->step();
        if (!row) return base::fail(std::move(row.error()));
        if (!*row) break;
        const auto sides = static_cast<std::uint8_t>(query->number(1));
        if (groups.empty() || groups.back().collapse.table_set != query->number(0)) {
            Group group;
            group.collapse.table_set = query->number(0);
            group.since = TableSince{query->number(3), query->number(4), query->number(5), sides, {}};
            groups.push_back(std::move(group));
        }
        Group& group = groups.back();
        group.collapse.remaining += query->number(2);
        group.collapse.last_id = std::max(group.collapse.last_id, static_cast<std::uint64_t>(query->number(6)));
        group.since.cover(query->number(3), query->number(4), query->number(5), sides);
    }
    std::sort(groups.begin(), groups.end(),
              [](const Group& a, const Group& b) { return a.collapse.remaining > b.collapse.remaining; });

    std::vector<Collapse> begun;
    auto tables_of = database_.prepare("SELECT tables FROM table_set WHERE id = ?");
    if (!tables_of) return base::fail(std::move(tables_of.error()));
    for (Group& group : groups) {
        if (singles <= keep) break;
        auto row = tables_of->bind(1, group.collapse.table_set).step();
        if (!row) return base::fail(std::move(row.error()));
        const auto tables = decode_tables(tables_of->bytes(0));
        tables_of->reset();
        if (!tables) return base::fail(tables.error());
        // What names no table cannot become "this table": it stays single.
        if (tables->empty()) continue;
        group.since.cause =
            fmt::format("{} entries became one: the journal was over its bound", group.collapse.remaining);
        for (const cql::TableName& table : *tables) {
            auto put = put_table(table, group.since, take_id);
            if (!put) return base::fail(std::move(put.error()));
            change += *put;
        }
        singles -= group.collapse.remaining;
        begun.push_back(group.collapse);
    }
    return begun;
}

base::Result<JournalCounts> JournalStore::delete_collapsed(Collapse& collapse, std::int64_t most) {
    JournalCounts change;
    delete_collapsed_.bind(1, collapse.table_set).bind(2, static_cast<std::int64_t>(collapse.last_id)).bind(3, most);
    for (;;) {
        auto row = delete_collapsed_.step();
        if (!row) return base::fail(std::move(row.error()));
        if (!*row) break;
        change.add(static_cast<std::uint8_t>(delete_collapsed_.number(0)),
                   static_cast<JournalEntry::Kind>(delete_collapsed_.number(1)), -1);
    }
    collapse.remaining = -change.singles < most ? 0 : std::max<std::int64_t>(1, collapse.remaining + change.singles);
    return change;
}

base::Result<JournalCounts> JournalStore::count() {
    auto query = database_.prepare("SELECT kind, sides, count(*) FROM entry GROUP BY kind, sides");
    if (!query) return base::fail(std::move(query.error()));
    JournalCounts counts;
    for (;;) {
        auto row = query->step();
        if (!row) return base::fail(std::move(row.error()));
        if (!*row) return counts;
        counts.add(static_cast<std::uint8_t>(query->number(1)), static_cast<JournalEntry::Kind>(query->number(0)),
                   query->number(2));
    }
}

base::Result<std::string> JournalStore::information(std::string_view key) {
    auto query = database_.prepare("SELECT value FROM information WHERE key = ?");
    if (!query) return base::fail(std::move(query.error()));
    auto row = query->bind(1, key).step();
    if (!row) return base::fail(std::move(row.error()));
    return *row ? std::string(query->text(0)) : std::string();
}

base::Result<void> JournalStore::set_information(std::string_view key, std::string_view value) {
    auto query = database_.prepare("INSERT OR REPLACE INTO information (key, value) VALUES (?, ?)");
    if (!query) return base::fail(std::move(query.error()));
    return query->bind(1, key).bind(2, value).run();
}

}  // namespace crossfade::proxy
