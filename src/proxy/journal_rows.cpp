#include "proxy/journal_rows.hpp"

#include <algorithm>
#include <map>

#include "cql/wire.hpp"
#include "proxy/journal_store.hpp"

namespace crossfade::proxy {
namespace {

// What one list() holds in memory is about this, or one entry.
constexpr std::size_t most_listed_bytes = 32U * 1024U * 1024U;

// Calls read(in) for each item.
template <class Read>
base::Result<void> decode_list(base::ByteView bytes, Read read) {
    cql::Reader in(bytes);
    const std::int32_t count = in.int_number();
    for (std::int32_t i = 0; i < count && in.ok(); ++i) read(in);
    if (!in.ok() || in.remaining() != 0)
        return base::fail(base::ErrorKind::internal, "an entry of the journal is damaged");
    return {};
}

}  // namespace

base::Bytes encode_tables(const std::vector<cql::TableName>& tables) {
    base::Bytes bytes;
    cql::Writer out(bytes);
    out.int_number(static_cast<std::int32_t>(tables.size()));
    for (const cql::TableName& name : tables) {
        out.long_string(name.keyspace);
        out.long_string(name.table);
    }
    return bytes;
}

base::Bytes encode_statements(const std::vector<JournaledStatement>& statements) {
    base::Bytes bytes;
    cql::Writer out(bytes);
    out.int_number(static_cast<std::int32_t>(statements.size()));
    for (const JournaledStatement& statement : statements) {
        out.long_string(statement.text);
        out.long_string(statement.keyspace);
    }
    return bytes;
}

base::Result<std::vector<cql::TableName>> decode_tables(base::ByteView bytes) {
    std::vector<cql::TableName> tables;
    auto done = decode_list(bytes, [&](cql::Reader& in) {
        const std::string_view keyspace = in.long_string();
        const std::string_view table = in.long_string();
        tables.push_back({std::string(keyspace), std::string(table)});
    });
    if (!done) return base::fail(std::move(done.error()));
    return tables;
}

base::Result<std::vector<JournaledStatement>> decode_statements(base::ByteView bytes) {
    std::vector<JournaledStatement> statements;
    auto done = decode_list(bytes, [&](cql::Reader& in) {
        const std::string_view text = in.long_string();
        const std::string_view keyspace = in.long_string();
        statements.push_back({std::string(text), std::string(keyspace)});
    });
    if (!done) return base::fail(std::move(done.error()));
    return statements;
}

base::Result<JournalReader> JournalReader::open(const std::string& path) {
    auto database = Database::open(path);
    if (!database) return base::fail(std::move(database.error()));
    JournalReader reader;
    reader.database_ = std::move(*database);
    if (auto done = reader.database_.run("PRAGMA query_only = ON"); !done) return base::fail(std::move(done.error()));
    auto list = reader.database_.prepare(
        "SELECT entry.id, time_us, until_us, kind, state, sides, timestamp, opcode, version, keyspace, cause, note, "
        "partition_key, prepared, "
        "body, tables FROM entry JOIN table_set ON table_set.id = table_set WHERE entry.id > ? ORDER BY entry.id LIMIT "
        "?");
    if (!list) return base::fail(std::move(list.error()));
    auto summary = reader.database_.prepare(
        "SELECT tables, state, sides, count(*), min(time_us) FROM entry JOIN table_set ON table_set.id = table_set "
        "GROUP BY table_set, kind, state, sides");
    if (!summary) return base::fail(std::move(summary.error()));
    reader.list_ = std::move(*list);
    reader.summary_ = std::move(*summary);
    return reader;
}

base::Result<std::vector<JournalEntry>> JournalReader::list(std::uint64_t after, std::size_t limit) {
    std::vector<JournalEntry> entries;
    std::size_t byte_count = 0;
    list_.bind(1, static_cast<std::int64_t>(after)).bind(2, static_cast<std::int64_t>(limit));
    for (;;) {
        auto row = list_.step();
        if (!row) return base::fail(std::move(row.error()));
        if (!*row) return entries;
        auto prepared = decode_statements(list_.bytes(13));
        auto tables = decode_tables(list_.bytes(15));
        if (!prepared || !tables) {
            list_.reset();
            return base::fail(prepared ? tables.error() : prepared.error());
        }
        JournalEntry& entry = entries.emplace_back();
        entry.id = static_cast<std::uint64_t>(list_.number(0));
        entry.time_us = list_.number(1);
        entry.until_us = list_.number(2);
        entry.kind = static_cast<JournalEntry::Kind>(list_.number(3));
        entry.state = static_cast<JournalEntry::State>(list_.number(4));
        entry.sides = static_cast<std::uint8_t>(list_.number(5));
        entry.timestamp = list_.number(6);
        entry.opcode = static_cast<cql::Opcode>(list_.number(7));
        entry.version = static_cast<cql::ProtocolVersion>(list_.number(8));
        entry.keyspace = list_.text(9);
        entry.cause = list_.text(10);
        entry.note = list_.text(11);
        const base::ByteView key = list_.bytes(12);
        const base::ByteView body = list_.bytes(14);
        entry.partition_key.assign(key.begin(), key.end());
        entry.body.assign(body.begin(), body.end());
        byte_count += body.size();
        entry.prepared = std::move(*prepared);
        entry.tables = std::move(*tables);
        if (byte_count > most_listed_bytes) {
            list_.reset();
            return entries;
        }
    }
}

base::Result<std::vector<JournalTableSummary>> JournalReader::summary() {
    std::map<std::string, JournalTableSummary> by_table;
    for (;;) {
        auto row = summary_.step();
        if (!row) return base::fail(std::move(row.error()));
        if (!*row) break;
        auto tables = decode_tables(summary_.bytes(0));
        if (!tables) {
            summary_.reset();
            return base::fail(std::move(tables.error()));
        }
        std::vector<std::string> names;
        for (const cql::TableName& name : *tables) names.push_back(cql::to_cql(name));
        if (names.empty()) names.emplace_back("(no table)");
        for (const std::string& name : names) {
            JournalTableSummary& summary = by_table[name];
            const bool is_first = summary.entries == 0;
            summary.sides = static_cast<std::uint8_t>(summary.sides | summary_.number(2));
            summary.entries += static_cast<std::uint64_t>(summary_.number(3));
            summary.oldest_us = is_first ? summary_.number(4) : std::min(summary.oldest_us, summary_.number(4));
            summary.is_blocked = summary.is_blocked || summary_.number(1) != 0;
        }
    }
    std::vector<JournalTableSummary> summaries;
    for (auto& [table, summary] : by_table) {
        summary.table = table;
        summaries.push_back(std::move(summary));
    }
    return summaries;
}

}  // namespace crossfade::proxy
