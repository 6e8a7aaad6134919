#include "proxy/repair_decision.hpp"

#include <algorithm>

#include "proxy/verdict.hpp"

namespace crossfade::proxy {
namespace {

constexpr const char* counters_wait =
    "counters are compared only on command, with the application at rest: 'crossfade journal repair --counters'";

bool is_in(std::uint8_t sides, std::size_t side) {
    return (sides & (1U << side)) != 0;
}

// Whether the table was made or emptied, on either side, after the entry or about then: what was written before must
// not come back.
bool was_emptied(const TableOnSides& table, const JournalEntry& entry) {
    return std::any_of(table.begin(), table.end(), [&](const TableOnSide& side) {
        return std::max(side.created_us, side.truncated_us) > first_instant_us(entry) - emptied_margin_us;
    });
}

bool is_past_gc_grace(const TableOnSides& table, const JournalEntry& entry, std::int64_t now_us) {
    const std::int64_t age_us = now_us - first_instant_us(entry);
    return std::any_of(table.begin(), table.end(),
                       [&](const TableOnSide& side) { return side.exists && age_us > side.gc_grace_s * 1'000'000; });
}

// A table of the entry that is to be compared and is on one cluster only, as the end of a sentence; empty: none.
std::string lonely_table(const JournalEntry& entry, const FindTable& find_table) {
    for (const cql::TableName& name : entry.tables) {
        const TableOnSides& table = find_table(name);
        if (table[0].exists == table[1].exists) continue;
        const char* const where = table[0].exists ? "target" : "origin";
        return cql::to_cql(name) + " does not exist on the " + where +
               ": create it there, or drop it on the other side, then 'crossfade journal repair --retry-blocked'";
    }
    return {};
}

Decision compared(Decision::Course course, const JournalEntry& entry, const FindTable& find_table,
                  bool includes_counters) {
    if (std::string note = lonely_table(entry, find_table); !note.empty())
        return {Decision::Course::block, std::move(note)};
    if (is_of_counters(entry, find_table) && !includes_counters) return {Decision::Course::block, counters_wait};
    return {course, {}};
}

}  // namespace

Decision decide(const JournalEntry& entry, const Replay* replay, const FindTable& find_table,
                const std::array<cql::ProtocolVersion, 2>& versions, std::int64_t now_us, bool includes_counters) {
    using Course = Decision::Course;
    if (entry.kind == JournalEntry::Kind::ddl) return {Course::schema, {}};
    const auto is_gone = [&](const cql::TableName& name) {
        const TableOnSides& table = find_table(name);
        return !name.keyspace.empty() && !table[0].exists && !table[1].exists;
    };
    if (!entry.tables.empty() && std::all_of(entry.tables.begin(), entry.tables.end(), is_gone))
        return {Course::forget, {}};
    if (entry.kind == JournalEntry::Kind::truncate) {
        if (std::string note = lonely_table(entry, find_table); !note.empty()) return {Course::block, std::move(note)};
        return {Course::truncate, {}};
    }
    if (entry.kind == JournalEntry::Kind::table)
        return compared(Course::compare_table, entry, find_table, includes_counters);
    if (entry.kind == JournalEntry::Kind::compare || !replay || !has_fixed_stamps(*replay)) {
        return compared(Course::compare, entry, find_table, includes_counters);
    }
    for (const cql::TableName& name : entry.tables) {
        const TableOnSides& table = find_table(name);
        const bool is_counter = table[0].is_counter || table[1].is_counter;
        if (is_counter || is_past_gc_grace(table, entry, now_us) || was_emptied(table, entry)) {
            return compared(Course::compare, entry, find_table, includes_counters);
        }
    }
    for (std::size_t side = 0; side < versions.size(); ++side) {
        if (is_in(entry.sides, side) && !cql::has_unset(versions[side]) && replay->has_unset()) {
            return compared(Course::compare, entry, find_table, includes_counters);
        }
    }
    return {Course::replay, {}};
}

bool is_of_counters(const JournalEntry& entry, const FindTable& find_table) {
    return std::any_of(entry.tables.begin(), entry.tables.end(), [&](const cql::TableName& name) {
        const TableOnSides& table = find_table(name);
        return table[0].is_counter || table[1].is_counter;
    });
}

bool is_refused_for_good(cql::ErrorCode code) {
    switch (code) {
        case cql::ErrorCode::protocol_error:
        case cql::ErrorCode::bad_credentials:
        case cql::ErrorCode::function_failure:
        case cql::ErrorCode::syntax_error:
        case cql::ErrorCode::unauthorized:
        case cql::ErrorCode::invalid:
        case cql::ErrorCode::config_error:
        case cql::ErrorCode::already_exists:
            return true;
        default:
            return false;
    }
}

}  // namespace crossfade::proxy
