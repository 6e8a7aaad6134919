#include "stub_node/counts.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "base/json_text.hpp"
#include "cql/wire.hpp"

namespace crossfade::lab {
namespace {

using Number = std::uint64_t Counts::*;
constexpr std::array<std::pair<std::string_view, Number>, 27> numbers{{
    {"reads", &Counts::reads},
    {"writes", &Counts::writes},
    {"conditional_writes", &Counts::conditional_writes},
    {"system_reads", &Counts::system_reads},
    {"truncates", &Counts::truncates},
    {"schema_changes", &Counts::schema_changes},
    {"uses", &Counts::uses},
    {"options", &Counts::options},
    {"startups", &Counts::startups},
    {"registers", &Counts::registers},
    {"queries", &Counts::queries},
    {"prepares", &Counts::prepares},
    {"executes", &Counts::executes},
    {"batches", &Counts::batches},
    {"batch_children", &Counts::batch_children},
    {"unprepared", &Counts::unprepared},
    {"forgotten", &Counts::forgotten},
    {"errors", &Counts::errors},
    {"injected_errors", &Counts::injected_errors},
    {"unanswered", &Counts::unanswered},
    {"closed", &Counts::closed},
    {"logins_refused", &Counts::logins_refused},
    {"metadata_changed", &Counts::metadata_changed},
    {"connections", &Counts::connections},
    {"writes_without_timestamp", &Counts::writes_without_timestamp},
    {"writes_using_timestamp", &Counts::writes_using_timestamp},
    {"open_connections", &Counts::open_connections},
}};

std::string json_of(const std::map<std::string, std::uint64_t>& map) {
    base::JsonObject object;
    for (const auto& [name, count] : map) object.field(name, count);
    return object.text();
}

std::string hexadecimal(base::ByteView bytes) {
    constexpr std::string_view figures = "0123456789abcdef";
    std::string text = "0x";
    for (const std::uint8_t byte : bytes) {
        text += figures[byte >> 4];
        text += figures[byte & 15];
    }
    return text;
}

}  // namespace

void Counts::add(const Counts& other) {
    for (const auto& [name, number] : numbers) this->*number += other.*number;
    least_timestamp = std::min(least_timestamp, other.least_timestamp);
    largest_timestamp = std::max(largest_timestamp, other.largest_timestamp);
    for (const auto& [user, count] : other.logins) logins[user] += count;
    for (const auto& [driver, count] : other.drivers) drivers[driver] += count;
    for (const auto& [table, count] : other.tables) {
        tables[table].reads += count.reads;
        tables[table].writes += count.writes;
    }
}

void Counts::reset() {
    std::map<std::string, TableCounts> places = std::move(tables);
    for (auto& [table, count] : places) count = {};
    const std::uint64_t open = open_connections;
    *this = Counts();
    tables = std::move(places);
    open_connections = open;
}

std::string Counts::to_json() const {
    base::JsonObject object, by_table, stamps;
    for (const auto& [name, number] : numbers) object.field(name, this->*number);
    if (least_timestamp <= largest_timestamp)
        stamps.field("min", least_timestamp).field("max", largest_timestamp);
    else
        stamps.raw("min", "null").raw("max", "null");
    for (const auto& [table, count] : tables)
        if (count.reads + count.writes > 0)
            by_table.raw(table, base::JsonObject().field("reads", count.reads).field("writes", count.writes).text());
    return object.raw("last_timestamps", stamps.text())
        .raw("tables", by_table.text())
        .raw("logins", json_of(logins))
        .raw("drivers", json_of(drivers))
        .text();
}

void WriteRecord::set_key(base::ByteView bytes, bool literal) {
    is_literal = literal;
    is_cut = bytes.size() > largest_key;
    key_size = static_cast<std::uint8_t>(std::min(bytes.size(), largest_key));
    std::copy_n(bytes.begin(), key_size, key.begin());
}

std::string WriteRecord::to_json(cql::TypeCode key_type) const {
    const base::ByteView bytes(key.data(), key_size);
    std::string text(base::text_of(bytes));
    if (!is_literal && key_type == cql::TypeCode::bigint)
        text = key_size == 8 ? std::to_string(cql::Reader(bytes).long_number()) : hexadecimal(bytes);
    if (is_cut) text += "…";
    base::JsonObject object;
    object.field("table", table).field("verb", verb).field("key", text);
    if (timestamp)
        object.field("timestamp", *timestamp);
    else
        object.raw("timestamp", "null");
    return object.text();
}

}  // namespace crossfade::lab
