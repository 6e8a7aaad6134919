#include "migrate/preflight.hpp"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <set>

#include "nodes/describe.hpp"

namespace crossfade::migrate {
namespace {

constexpr double day_seconds = 86400;

bool contains(const std::vector<cql::TableName>& tables, const cql::TableName& name) {
    return std::find(tables.begin(), tables.end(), name) != tables.end();
}

std::string replicas_of(const std::map<std::string, std::string>& replication) {
    std::string text;
    for (const auto& [name, value] : replication) text += (text.empty() ? "" : ", ") + name + ": " + value;
    return text;
}

// What the target's keyspace gets; the note says so when it is not the origin's.
std::map<std::string, std::string> fitting_replication(const nodes::Keyspace& keyspace,
                                                       const std::vector<std::string>& datacenters, std::size_t nodes,
                                                       std::vector<std::string>& notes) {
    const auto& wanted = keyspace.replication;
    const auto strategy = wanted.find("class");
    const bool is_simple = strategy == wanted.end() || strategy->second.ends_with("SimpleStrategy");
    std::uint64_t most = 1;
    bool all_there = true;
    for (const auto& [name, value] : wanted) {
        if (name == "class") continue;
        std::uint64_t replicas = 0;
        std::from_chars(value.data(), value.data() + value.size(), replicas);
        most = std::max(most, replicas);
        if (!is_simple)
            all_there = all_there && std::find(datacenters.begin(), datacenters.end(), name) != datacenters.end();
    }
    const bool fits = most <= nodes;
    if (fits && all_there) return wanted;
    std::map<std::string, std::string> made = wanted;
    const std::string replicas = std::to_string(std::min<std::uint64_t>(most, std::max<std::size_t>(nodes, 1)));
    if (is_simple) {
        made["replication_factor"] = replicas;
    } else {
        made = {{"class", strategy->second}};
        made[datacenters.empty() ? "datacenter1" : datacenters.front()] = replicas;
    }
    notes.push_back(
        fmt::format("keyspace {} is created with replication {{{}}} instead of the origin's {{{}}}, which does not fit "
                    "the target's nodes",
                    cql::quoted(keyspace.name), replicas_of(made), replicas_of(wanted)));
    return made;
}

std::string described(const nodes::Column& column) {
    return cql::quoted(column.name) + " " + column.type_text;
}

}  // namespace

Selection select_tables(const std::vector<cql::TableName>& patterns, const nodes::Schema& origin) {
    Selection selection;
    for (const cql::TableName& pattern : patterns) {
        const nodes::Keyspace* const keyspace = origin.find_keyspace(pattern.keyspace);
        if (cql::is_system_keyspace(pattern.keyspace)) {
            selection.problems.push_back(fmt::format("{}: keyspace {} is the server's own and is not copied",
                                                     cql::to_cql(pattern), cql::quoted(pattern.keyspace)));
            continue;
        }
        if (keyspace == nullptr) {
            selection.problems.push_back(
                fmt::format("{}: the origin has no keyspace {}", cql::to_cql(pattern), cql::quoted(pattern.keyspace)));
            continue;
        }
        if (pattern.table == "*") {
            for (const auto& [name, view] : keyspace->views)
                selection.skipped.push_back(fmt::format(
                    "{} is a materialized view of {}: the target fills it from that table, so it is skipped",
                    cql::to_cql(view.full_name()), cql::quoted(view.base_table)));
            for (const auto& [name, table] : keyspace->tables)
                if (!contains(selection.tables, table.full_name())) selection.tables.push_back(table.full_name());
            if (keyspace->tables.empty())
                selection.problems.push_back(fmt::format("{}: the keyspace has no tables", cql::to_cql(pattern)));
            continue;
        }
        const nodes::Table* const table = origin.find_table(pattern.keyspace, pattern.table);
        if (table == nullptr) {
            selection.problems.push_back(fmt::format("{}: the origin has no such table", cql::to_cql(pattern)));
        } else if (table->is_view) {
            selection.problems.push_back(
                fmt::format("{} is a materialized view; copy {}, and the target fills the view", cql::to_cql(pattern),
                            cql::to_cql(cql::TableName{pattern.keyspace, table->base_table})));
        } else if (!contains(selection.tables, pattern)) {
            selection.tables.push_back(pattern);
        }
    }
    return selection;
}

bool bytes_may_pass(const cql::Type& from, const cql::Type& to) {
    using Code = cql::TypeCode;
    if (cql::equal(from, to, true)) return true;
    if (cql::is_multi_cell(from) || cql::is_multi_cell(to)) {
        // Element by element: the outer kind has to be the same one.
        if (from.code != to.code || cql::is_multi_cell(from) != cql::is_multi_cell(to)) return false;
    }
    const auto is_one_of = [](Code code, std::initializer_list<Code> codes) {
        return std::find(codes.begin(), codes.end(), code) != codes.end();
    };
    if (to.code == Code::blob) return true;
    if (to.code == Code::varchar) return from.code == Code::ascii;
    if (to.code == Code::uuid) return from.code == Code::timeuuid;
    if (to.code == Code::varint)
        return is_one_of(from.code, {Code::int_number, Code::bigint, Code::smallint, Code::tinyint});
    if (to.code == Code::bigint) return from.code == Code::timestamp;
    if (to.code == Code::timestamp) return from.code == Code::bigint;
    if (from.code != to.code || from.parameters.size() != to.parameters.size() || from.parameters.empty() ||
        from.dimensions != to.dimensions)
        return false;
    if (from.code == Code::udt && from.field_names != to.field_names) return false;
    for (std::size_t i = 0; i < from.parameters.size(); ++i)
        if (!bytes_may_pass(*from.parameters[i], *to.parameters[i])) return false;
    return true;
}

TableFindings compare_tables(const nodes::Table& origin, const nodes::Table& target) {
    TableFindings findings;
    const std::string name = cql::to_cql(origin.full_name());
    if (origin.is_counter != target.is_counter) {
        findings.problems.push_back(
            fmt::format("{}: it has counters on the {} only", name, origin.is_counter ? "origin" : "target"));
        return findings;
    }
    for (const nodes::Column& column : origin.columns) {
        const nodes::Column* const twin = target.find_column(column.name);
        if (twin == nullptr) {
            findings.problems.push_back(
                fmt::format("{}: the target has no column {}; add it there first: ALTER TABLE {} ADD {}{}", name,
                            cql::quoted(column.name), name, described(column),
                            column.kind == nodes::ColumnKind::static_column ? " static" : ""));
        } else if (twin->kind != column.kind || twin->position != column.position) {
            findings.problems.push_back(
                fmt::format("{}: column {} has another place in the target's table (key, static or regular)", name,
                            cql::quoted(column.name)));
        } else if (!cql::equal(*column.type, *twin->type, true)) {
            if (bytes_may_pass(*column.type, *twin->type))
                findings.notes.push_back(fmt::format(
                    "{}: column {} is {} on the origin and {} on the target; its bytes are copied as they are", name,
                    cql::quoted(column.name), column.type_text, twin->type_text));
            else
                findings.problems.push_back(
                    fmt::format("{}: column {} is {} on the origin and {} on the target, and one is not the other",
                                name, cql::quoted(column.name), column.type_text, twin->type_text));
        }
    }
    for (const nodes::Column& column : target.columns) {
        if (origin.find_column(column.name) != nullptr) continue;
        const bool is_key =
            column.kind == nodes::ColumnKind::partition_key || column.kind == nodes::ColumnKind::clustering;
        if (is_key)
            findings.problems.push_back(
                fmt::format("{}: the target's primary key has a column more, {}", name, cql::quoted(column.name)));
        else
            findings.notes.push_back(
                fmt::format("{}: only the target has column {}; it is neither written nor compared", name,
                            cql::quoted(column.name)));
    }
    if (origin.default_time_to_live != target.default_time_to_live)
        findings.notes.push_back(
            fmt::format("{}: default_time_to_live is {} on the origin and {} on the target; copied cells keep the TTL "
                        "that they have",
                        name, origin.default_time_to_live, target.default_time_to_live));
    if (!findings.problems.empty()) return findings;
    auto layout = cells::common_layout(origin, target);
    if (layout)
        findings.layout = std::move(*layout);
    else
        findings.problems.push_back(std::move(layout.error().message));
    return findings;
}

std::optional<std::string> gc_grace_problem(const nodes::Table& target, double seconds) {
    // Counters are added to, never deleted by us.
    if (target.is_counter || target.gc_grace_seconds >= day_seconds + seconds) return std::nullopt;
    return fmt::format(
        "{}: the target's gc_grace_seconds is {}, shorter than this run plus a day, so the target may forget a "
        "deletion before the cell that it "
        "deletes is copied; raise it (ALTER TABLE {} WITH gc_grace_seconds = 864000) or pass --allow-short-gc-grace",
        cql::to_cql(target.full_name()), target.gc_grace_seconds, cql::to_cql(target.full_name()));
}

Creation create_missing(const std::vector<cql::TableName>& tables, const nodes::Schema& origin,
                        const nodes::Schema& target, const std::vector<std::string>& datacenters, std::size_t nodes) {
    Creation creation;
    std::set<std::string> keyspaces;
    for (const cql::TableName& name : tables) {
        if (target.find_table(name.keyspace, name.table) != nullptr) continue;
        const nodes::Keyspace* const keyspace = origin.find_keyspace(name.keyspace);
        const nodes::Table* const table = origin.find_table(name.keyspace, name.table);
        if (keyspace == nullptr || table == nullptr) continue;
        if (keyspaces.insert(name.keyspace).second) {
            const nodes::Keyspace* const there = target.find_keyspace(name.keyspace);
            if (there == nullptr) {
                const auto replication = fitting_replication(*keyspace, datacenters, nodes, creation.notes);
                creation.statements.push_back(nodes::describe_keyspace(*keyspace, &replication));
                creation.missing.push_back("keyspace " + cql::quoted(name.keyspace));
            }
            for (const cql::TypePtr& type : keyspace->types)
                if (there == nullptr || there->find_type(type->name) == nullptr)
                    creation.statements.push_back(nodes::describe_type(*type));
        }
        auto described = nodes::describe_table(*table, target.table_options);
        creation.statements.push_back(std::move(described.text));
        creation.missing.push_back("table " + cql::to_cql(name));
        for (const std::string& option : described.left_out)
            creation.notes.push_back(fmt::format("{}: the target does not know the option {}, which is left out",
                                                 cql::to_cql(name), option));
        for (const nodes::Index& index : table->indexes)
            creation.statements.push_back(nodes::describe_index(*table, index));
    }
    return creation;
}

}  // namespace crossfade::migrate
