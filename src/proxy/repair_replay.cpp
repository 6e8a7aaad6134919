#include "proxy/repair_replay.hpp"

#include <algorithm>
#include <charconv>

namespace crossfade::proxy {
namespace {

// An entry's time is ours, a stamp may be the client's: further apart than this, the stamp says nothing about time.
constexpr std::int64_t nearest_us = 15LL * 60 * 1'000'000;

base::Result<void> read_values(ReplayStatement& statement, base::ByteView raw, std::size_t count, bool has_names) {
    cql::Reader in(raw);
    for (std::size_t i = 0; i < count; ++i) {
        if (has_names) statement.names.push_back(in.string());
        statement.values.push_back(in.value());
    }
    if (!in.ok()) return base::fail(base::ErrorKind::bad_input, "the journaled request's values are damaged");
    return {};
}

template <class Parameters>
void take_parameters(Replay& replay, const Parameters& parameters) {
    replay.consistency = parameters.consistency;
    replay.timestamp = parameters.timestamp;
    replay.now_in_seconds = parameters.now_in_seconds;
}

base::Result<Replay> read_query(const JournalEntry& entry) {
    const auto query = cql::parse_query(entry.version, entry.body);
    if (!query) return base::fail(query.error());
    Replay replay;
    take_parameters(replay, query->parameters);
    ReplayStatement& statement = replay.statements.emplace_back();
    statement.text = query->text;
    statement.keyspace = entry.keyspace;
    const cql::QueryParameters& parameters = query->parameters;
    if (auto done = read_values(statement, parameters.values, parameters.value_count,
                                parameters.has(cql::query_flag::names_for_values));
        !done) {
        return base::fail(std::move(done.error()));
    }
    statement.is_prepared = !statement.values.empty();
    return replay;
}

base::Result<Replay> read_execute(const JournalEntry& entry) {
    const auto execute = cql::parse_execute(entry.version, entry.body);
    if (!execute) return base::fail(execute.error());
    if (entry.prepared.size() != 1) return base::fail(base::ErrorKind::bad_input, "the journaled EXECUTE has no text");
    Replay replay;
    take_parameters(replay, execute->parameters);
    ReplayStatement& statement = replay.statements.emplace_back();
    statement.text = entry.prepared.front().text;
    statement.keyspace = entry.prepared.front().keyspace;
    statement.is_prepared = true;
    const cql::QueryParameters& parameters = execute->parameters;
    if (auto done = read_values(statement, parameters.values, parameters.value_count,
                                parameters.has(cql::query_flag::names_for_values));
        !done) {
        return base::fail(std::move(done.error()));
    }
    return replay;
}

base::Result<Replay> read_batch(const JournalEntry& entry) {
    const auto batch = cql::parse_batch(entry.version, entry.body);
    if (!batch) return base::fail(batch.error());
    Replay replay;
    take_parameters(replay, *batch);
    replay.is_batch = true;
    replay.batch_type = batch->type;
    base::Result<void> done;
    std::size_t next_prepared = 0;
    cql::for_each_child(*batch, [&](const cql::BatchChild& child) {
        if (!done) return;
        ReplayStatement& statement = replay.statements.emplace_back();
        statement.is_prepared = child.is_prepared;
        if (!child.is_prepared) {
            statement.text = child.text;
            statement.keyspace = entry.keyspace;
        } else if (next_prepared < entry.prepared.size()) {
            statement.text = entry.prepared[next_prepared].text;
            statement.keyspace = entry.prepared[next_prepared].keyspace;
            ++next_prepared;
        } else {
            done =
                base::fail(base::ErrorKind::bad_input, "the journaled BATCH has fewer texts than prepared statements");
            return;
        }
        done = read_values(statement, child.values, child.value_count, false);
    });
    if (!done) return base::fail(std::move(done.error()));
    return replay;
}

base::Bytes int_bytes(std::int32_t number) {
    base::Bytes bytes(4);
    cql::store_int(bytes.data(), static_cast<std::uint32_t>(number));
    return bytes;
}

cql::ValueView stored(Replay& replay, std::int32_t number) {
    const base::Bytes& bytes = replay.storage.emplace_back(int_bytes(number));
    return {cql::ValueView::State::bytes, bytes};
}

// What the statement's own TTL says: a number, or nothing when it says none ("not set"), so that the table's default
// counts.
base::Result<std::optional<std::int32_t>> own_ttl(const ReplayStatement& statement, const TextSpan& span) {
    if (span.marker_count == 1) {
        if (span.first_marker >= statement.values.size())
            return base::fail(base::ErrorKind::bad_input, "its TTL is not bound");
        const cql::ValueView& value = statement.values[span.first_marker];
        if (value.is_unset()) return std::optional<std::int32_t>();
        // Null is no time to live at all, whatever the table says.
        if (value.is_null()) return std::optional<std::int32_t>(0);
        if (value.bytes.size() != 4) return base::fail(base::ErrorKind::bad_input, "its TTL is no int");
        return std::optional<std::int32_t>(static_cast<std::int32_t>(cql::load_int(value.bytes.data())));
    }
    std::int32_t number = 0;
    const char* const begin = statement.text.data() + span.begin;
    const char* const end = statement.text.data() + span.end;
    const auto [stopped, problem] = std::from_chars(begin, end, number);
    if (problem != std::errc() || stopped != end) return base::fail(base::ErrorKind::bad_input, "its TTL is no number");
    return std::optional<std::int32_t>(number);
}

base::Result<void> shorten(Replay& replay, ReplayStatement& statement, const StatementText& place, std::int64_t age_s,
                           std::int32_t default_ttl) {
    if (place.verb == cql::Verb::delete_rows) return {};
    std::optional<std::int32_t> own;
    if (place.ttl) {
        const auto said = own_ttl(statement, *place.ttl);
        if (!said) return base::fail(said.error());
        own = *said;
    }
    const std::int32_t first = own.value_or(default_ttl);
    if (first == 0) return {};
    const std::int32_t left = remaining_time_to_live(first, age_s);
    if (place.ttl && place.ttl->marker_count == 1) {
        statement.values[place.ttl->first_marker] = stored(replay, left);
        return {};
    }
    if (!place.ttl && !place.ttl_place) return base::fail(base::ErrorKind::bad_input, "there is no place for its TTL");
    const TextSpan where = place.ttl ? *place.ttl : *place.ttl_place;
    const std::string lead = place.ttl ? std::string() : std::string(place.ttl_lead);
    // In a prepared text it is bound: a text for each remaining second would fill the cluster's cache of statements.
    statement.text.replace(where.begin, where.end - where.begin,
                           lead + (statement.is_prepared ? "?" : std::to_string(left)));
    if (statement.is_prepared) {
        if (where.first_marker > statement.values.size())
            return base::fail(base::ErrorKind::bad_input, "values before its TTL are missing");
        statement.values.insert(statement.values.begin() + where.first_marker, stored(replay, left));
    }
    return {};
}

}  // namespace

bool Replay::has_unset() const {
    return std::any_of(statements.begin(), statements.end(), [](const ReplayStatement& statement) {
        return std::any_of(statement.values.begin(), statement.values.end(),
                           [](const cql::ValueView& value) { return value.is_unset(); });
    });
}

base::Result<Replay> read_replay(const JournalEntry& entry) {
    switch (entry.opcode) {
        case cql::Opcode::query:
            return read_query(entry);
        case cql::Opcode::execute:
            return read_execute(entry);
        case cql::Opcode::batch:
            return read_batch(entry);
        default:
            return base::fail(base::ErrorKind::bad_input, "the journaled request is no QUERY, EXECUTE or BATCH");
    }
}

void qualify_tables(Replay& replay) {
    for (ReplayStatement& statement : replay.statements) {
        if (!statement.keyspace.empty()) statement.text = with_keyspace(statement.text, statement.keyspace);
    }
}

bool has_fixed_stamps(const Replay& replay) {
    if (replay.timestamp && *replay.timestamp != 0) return true;
    return std::all_of(replay.statements.begin(), replay.statements.end(), [](const ReplayStatement& statement) {
        return cql::classify(statement.text).has_using_timestamp;
    });
}

cql::Consistency replay_consistency(cql::Consistency wanted) {
    switch (wanted) {
        case cql::Consistency::quorum:
        case cql::Consistency::all:
        case cql::Consistency::each_quorum:
            return wanted;
        default:
            return cql::Consistency::local_quorum;
    }
}

std::int64_t first_instant_us(const JournalEntry& entry) {
    const bool is_near =
        entry.timestamp != 0 && entry.timestamp <= entry.time_us && entry.time_us - entry.timestamp <= nearest_us;
    return is_near ? entry.timestamp : entry.time_us;
}

base::Result<void> order_values(ReplayStatement& statement, const std::vector<std::string>& variables) {
    if (statement.names.empty()) return {};
    std::vector<cql::ValueView> ordered;
    for (const std::string& variable : variables) {
        const auto named = std::find(statement.names.begin(), statement.names.end(), variable);
        if (named == statement.names.end())
            return base::fail(base::ErrorKind::bad_input, "no value is bound to " + variable);
        ordered.push_back(statement.values[static_cast<std::size_t>(named - statement.names.begin())]);
    }
    statement.values = std::move(ordered);
    statement.names.clear();
    return {};
}

std::int32_t remaining_time_to_live(std::int32_t time_to_live, std::int64_t age_s) {
    if (time_to_live <= 0) return time_to_live;
    return static_cast<std::int32_t>(std::max<std::int64_t>(1, time_to_live - std::max<std::int64_t>(0, age_s)));
}

base::Result<void> shorten_times_to_live(Replay& replay, std::int64_t age_s,
                                         const std::function<std::int32_t(const cql::TableName&)>& default_ttl) {
    for (ReplayStatement& statement : replay.statements) {
        std::vector<StatementText> places = statements_in(statement.text);
        if (places.empty()) return base::fail(base::ErrorKind::bad_input, "its text is not understood");
        // From the last to the first: places before a change stay where they are.
        for (auto place = places.rbegin(); place != places.rend(); ++place) {
            cql::TableName table = place->table;
            if (table.keyspace.empty()) table.keyspace = statement.keyspace;
            if (auto done = shorten(replay, statement, *place, age_s, default_ttl(table)); !done) return done;
        }
    }
    return {};
}

}  // namespace crossfade::proxy
