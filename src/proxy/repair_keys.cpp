#include "proxy/repair_keys.hpp"

#include <algorithm>

#include "proxy/facts.hpp"

namespace crossfade::proxy {
namespace {

std::vector<std::string> key_columns(const nodes::Table& table) {
    std::vector<std::string> names;
    for (std::size_t i = 0; i < table.partition_key_size; ++i) names.push_back(table.columns[i].name);
    return names;
}

// The key among what is bound; nothing, when a component is null or not bound alone.
std::optional<KeyComponents> bound_key(const driver::Prepared& prepared, const std::vector<cql::ValueView>& values,
                                       std::size_t component_count) {
    if (prepared.key_indices.size() != component_count) return std::nullopt;
    KeyComponents key;
    for (const std::uint16_t index : prepared.key_indices) {
        if (index >= values.size() || values[index].state != cql::ValueView::State::bytes) return std::nullopt;
        key.emplace_back(values[index].bytes.begin(), values[index].bytes.end());
    }
    return key;
}

std::optional<std::vector<std::optional<base::Bytes>>> values_of(const ReplayStatement& statement,
                                                                 const std::vector<std::uint32_t>& markers) {
    std::vector<std::optional<base::Bytes>> values;
    for (const std::uint32_t marker : markers) {
        if (marker >= statement.values.size() || statement.values[marker].state != cql::ValueView::State::bytes)
            return std::nullopt;
        const base::ByteView bytes = statement.values[marker].bytes;
        values.emplace_back(base::Bytes(bytes.begin(), bytes.end()));
    }
    return values;
}

bool is_answer(const base::Error& error) {
    return error.kind == base::ErrorKind::server;
}

// Reads the partitions of one request, statement by statement.
class KeyReader {
public:
    KeyReader(SessionPair sessions, const RepairTables& tables) : sessions_(std::move(sessions)), tables_(tables) {}

    base::Task<base::Result<void>> read(std::shared_ptr<Replay> replay) {
        for (ReplayStatement& statement : replay->statements) {
            auto done = co_await read_statement(statement);
            if (!done) co_return done;
        }
        co_return base::Result<void>();
    }
    WrittenPartitions found;

private:
    base::Task<base::Result<void>> read_statement(ReplayStatement& statement) {
        const std::vector<StatementText> texts = statements_in(statement.text);
        if (texts.empty()) {
            found.whole_tables.insert(cql::TableName());
            co_return base::Result<void>();
        }
        if (statement.is_prepared) {
            auto prepared = co_await prepare(statement);
            if (!prepared) co_return base::fail(std::move(prepared.error()));
            const std::shared_ptr<const driver::Prepared> known = *prepared;
            const nodes::Table* const table =
                texts.size() == 1 ? tables_.table(origin_cluster, texts[0].table) : nullptr;
            const auto key =
                known && table ? bound_key(*known, statement.values, table->partition_key_size) : std::nullopt;
            if (key) {
                found.partitions[texts[0].table].insert(*key);
                co_return base::Result<void>();
            }
        }
        for (const StatementText& text : texts) {
            auto done = co_await ask(statement, text);
            if (!done) co_return done;
        }
        co_return base::Result<void>();
    }

    // On whichever cluster takes it; null where none does. Puts values bound by name in order.
    base::Task<base::Result<std::shared_ptr<const driver::Prepared>>> prepare(ReplayStatement& statement) {
        for (const auto& session : sessions_) {
            auto prepared = co_await session->prepare(statement.text);
            if (!prepared && !is_answer(prepared.error())) co_return prepared;
            if (!prepared) continue;
            std::vector<std::string> variables;
            for (const cql::OwnedColumn& variable : (*prepared)->variables) variables.push_back(variable.name);
            if (!order_values(statement, variables)) continue;
            co_return prepared;
        }
        co_return std::shared_ptr<const driver::Prepared>();
    }

    base::Task<base::Result<void>> ask(ReplayStatement& statement, StatementText text) {
        const nodes::Table* const table = tables_.table(origin_cluster, text.table);
        const auto query = table && statement.names.empty()
                               ? key_query(statement.text, text, text.table, key_columns(*table))
                               : std::nullopt;
        const auto values = query ? values_of(statement, query->markers) : std::nullopt;
        if (!values) {
            found.whole_tables.insert(text.table);
            co_return base::Result<void>();
        }
        const std::size_t component_count = table->partition_key_size;
        for (std::size_t side = 0; side < sessions_.size(); ++side) {
            driver::ExecuteOptions options;
            options.idempotent = true;
            const auto rows = co_await sessions_[side]->query(query->text, *values, std::move(options));
            if (!rows && is_answer(rows.error())) {
                found.whole_tables.insert(text.table);
                co_return base::Result<void>();
            }
            if (!rows)
                co_return base::fail(rows.error().kind, std::string(cluster_names[side]) + ": " + rows.error().message);
            for (driver::RowCursor row = rows->first(); row; row.next()) {
                KeyComponents key;
                for (std::size_t i = 0; i < component_count; ++i)
                    key.emplace_back(row.cell(i).bytes.begin(), row.cell(i).bytes.end());
                found.partitions[text.table].insert(std::move(key));
            }
            // IN with thousands of keys would need pages; the whole table is right, too.
            if (rows->has_more_pages()) found.whole_tables.insert(text.table);
        }
        co_return base::Result<void>();
    }

    SessionPair sessions_;
    const RepairTables& tables_;
};

}  // namespace

std::optional<KeyComponents> split_key(base::ByteView serialized, std::size_t component_count) {
    if (component_count == 0 || serialized.empty()) return std::nullopt;
    if (component_count == 1) return KeyComponents{base::Bytes(serialized.begin(), serialized.end())};
    KeyComponents key;
    cql::Reader in(serialized);
    for (std::size_t i = 0; i < component_count; ++i) {
        const base::ByteView component = in.short_bytes();
        if (in.byte() != 0) return std::nullopt;
        key.emplace_back(component.begin(), component.end());
    }
    if (!in.ok() || in.remaining() != 0) return std::nullopt;
    return key;
}

base::Task<base::Result<WrittenPartitions>> written_partitions(SessionPair sessions, const RepairTables& tables,
                                                               std::shared_ptr<const JournalEntry> entry) {
    WrittenPartitions found;
    if (entry->tables.size() == 1 && !entry->partition_key.empty()) {
        const cql::TableName& name = entry->tables.front();
        const nodes::Table* const table = tables.table(origin_cluster, name);
        if (const auto key = table ? split_key(entry->partition_key, table->partition_key_size) : std::nullopt) {
            found.partitions[name].insert(*key);
            co_return found;
        }
    }
    auto read = read_replay(*entry);
    if (!read) {
        found.whole_tables.insert(entry->tables.begin(), entry->tables.end());
        co_return found;
    }
    auto replay = std::make_shared<Replay>(std::move(*read));
    qualify_tables(*replay);
    KeyReader reader(std::move(sessions), tables);
    auto done = co_await reader.read(replay);
    if (!done) co_return base::fail(std::move(done.error()));
    // A text that is not understood may be about any of the entry's tables; so may one whose table the entry does not
    // name.
    if (reader.found.whole_tables.erase(cql::TableName()) > 0)
        reader.found.whole_tables.insert(entry->tables.begin(), entry->tables.end());
    for (const cql::TableName& name : entry->tables) {
        if (!reader.found.partitions.contains(name)) {
            const bool was_asked = std::any_of(
                replay->statements.begin(), replay->statements.end(), [&](const ReplayStatement& statement) {
                    const auto texts = statements_in(statement.text);
                    return std::any_of(texts.begin(), texts.end(),
                                       [&](const StatementText& text) { return text.table == name; });
                });
            if (!was_asked) reader.found.whole_tables.insert(name);
        }
    }
    co_return std::move(reader.found);
}

}  // namespace crossfade::proxy
