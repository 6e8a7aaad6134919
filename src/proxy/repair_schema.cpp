#include "proxy/repair_schema.hpp"

#include <algorithm>

#include "cql/request.hpp"
#include "cql/tokenizer.hpp"
#include "proxy/secrets.hpp"
#include "proxy/verdict.hpp"

namespace crossfade::proxy {
namespace {

std::string where_to_type(std::uint8_t sides) {
    if (sides == origin_side) return "on the origin";
    return sides == target_side ? "on the target" : "where it is missing";
}

bool is_same_column(const nodes::Column& a, const nodes::Column& b) {
    return a.name == b.name && a.kind == b.kind && a.position == b.position && a.is_descending == b.is_descending &&
           a.type_text == b.type_text;
}

bool is_same_index(const nodes::Index& a, const nodes::Index& b) {
    return a.name == b.name && a.kind == b.kind && a.options == b.options;
}

Agreement agreement_of_tables(const nodes::Table* a, const nodes::Table* b) {
    if (!a && !b) return Agreement::equal;
    if (!a || !b) return Agreement::different;
    const bool is_same = std::ranges::equal(a->columns, b->columns, is_same_column) &&
                         std::ranges::is_permutation(a->indexes, b->indexes, is_same_index);
    return is_same ? Agreement::equal : Agreement::different;
}

Agreement agreement_of_types(const cql::TypePtr& a, const cql::TypePtr& b) {
    if (!a && !b) return Agreement::equal;
    if (!a || !b) return Agreement::different;
    return cql::equal(*a, *b, true) ? Agreement::equal : Agreement::different;
}

const nodes::Table* table_of(const nodes::Keyspace* keyspace, const std::string& name) {
    if (!keyspace) return nullptr;
    const auto found = keyspace->tables.find(name);
    return found == keyspace->tables.end() ? nullptr : &found->second;
}

// The words at a statement's beginning that say what it does, and whether it sets options.
struct Head {
    std::string verb, what;
    bool has_with = false;
};

Head head_of(std::string_view statement) {
    Head head;
    cql::Tokenizer in(statement);
    head.verb = cql::name_text(in.next().text);
    cql::Lexeme what = in.next();
    for (const std::string_view skipped : {"custom", "or", "replace"})
        if (what.is_word(skipped)) what = in.next();
    head.what = cql::name_text(what.text);
    for (cql::Lexeme lexeme = in.next(); !lexeme.is(cql::LexemeKind::end); lexeme = in.next())
        head.has_with = head.has_with || lexeme.is_word("with");
    return head;
}

// The entry's text, without semicolons at its end, and the keyspace that it ran in.
struct Said {
    std::string text, keyspace;
};

Said said_by(const JournalEntry& entry) {
    Said said;
    if (entry.opcode == cql::Opcode::query) {
        if (const auto query = cql::parse_query(entry.version, entry.body)) said.text = query->text;
        said.keyspace = entry.keyspace;
    } else if (!entry.prepared.empty()) {
        said.text = entry.prepared.front().text;
        said.keyspace = entry.prepared.front().keyspace;
    }
    const std::size_t end = said.text.find_last_not_of("; \t\r\n");
    said.text.resize(end == std::string::npos ? 0 : end + 1);
    return said;
}

// All indexes of a keyspace by name: DROP INDEX names no table.
std::vector<std::string> index_names(const nodes::Keyspace* keyspace) {
    std::vector<std::string> names;
    if (!keyspace) return names;
    for (const auto& [name, table] : keyspace->tables)
        for (const nodes::Index& index : table.indexes) names.push_back(index.name);
    std::ranges::sort(names);
    return names;
}

}  // namespace

std::string statement_to_type(const JournalEntry& entry) {
    const Said said = said_by(entry);
    if (said.text.empty()) return said.text;
    const bool needs_use = !said.keyspace.empty() && cql::classify(said.text).needs_keyspace;
    return (needs_use ? "USE " + cql::quoted(said.keyspace) + "; " : std::string()) + without_secrets(said.text) + ";";
}

cql::TableName defined_name(const JournalEntry& entry) {
    const Said said = said_by(entry);
    cql::TableName name = cql::classify(said.text).table;
    if (name.keyspace.empty()) name.keyspace = said.keyspace;
    return name;
}

Agreement agreement(std::string_view statement, const cql::TableName& name, const nodes::Keyspace* origin,
                    const nodes::Keyspace* target) {
    const Head head = head_of(statement);
    // Options may differ between clusters for good reasons, so they say nothing.
    if (head.verb == "alter" && head.has_with) return Agreement::unknown;
    if (head.what == "keyspace" && head.verb != "alter")
        return (origin == nullptr) == (target == nullptr) ? Agreement::equal : Agreement::different;
    if (head.what == "index" && head.verb == "drop")
        return index_names(origin) == index_names(target) ? Agreement::equal : Agreement::different;
    if (name.table.empty()) return Agreement::unknown;
    if (head.what == "table" || head.what == "columnfamily" || head.what == "index") {
        return agreement_of_tables(table_of(origin, name.table), table_of(target, name.table));
    }
    if (head.what == "type") {
        return agreement_of_types(origin ? origin->find_type(name.table) : nullptr,
                                  target ? target->find_type(name.table) : nullptr);
    }
    return Agreement::unknown;
}

base::Result<void> settled_schema(const JournalEntry& entry, const RepairTables& tables, bool retries_blocked) {
    const cql::TableName name = defined_name(entry);
    const auto* const origin = tables.keyspace(0, name.keyspace);
    const auto* const target = tables.keyspace(1, name.keyspace);
    const Agreement found =
        name.keyspace.empty() ? Agreement::unknown : agreement(said_by(entry).text, name, origin, target);
    if (found == Agreement::equal) return {};
    if (found == Agreement::unknown && retries_blocked && entry.state == JournalEntry::State::blocked) return {};
    const std::string statement = statement_to_type(entry);
    const std::string typed = statement.empty() ? "its statement is not in the journal" : statement;
    return base::fail(
        base::ErrorKind::bad_input,
        "a schema change is on one cluster only; type it " + where_to_type(entry.sides) + ": " + typed +
            (statement.find(hidden_secret) == std::string::npos
                 ? ""
                 : " (with the password, which is not shown, in place of '…')") +
            (found == Agreement::unknown ? " (then 'crossfade journal repair --retry-blocked' takes it for done)"
                                         : ""));
}

}  // namespace crossfade::proxy
