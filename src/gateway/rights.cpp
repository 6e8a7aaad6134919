#include "gateway/rights.hpp"

#include <algorithm>

#include "cql/tokenizer.hpp"

namespace crossfade::gateway {
namespace {

using cql::Verb;

constexpr int most_columns = 50, most_fields = 10;  // Astra's for tables and user types

bool is_dml(Verb verb) {
    return verb == Verb::insert || verb == Verb::update || verb == Verb::delete_rows || verb == Verb::batch;
}

// What a text must not do with the table's name: the server's own form of it ("ks.t", "t" where no keyspace is named).
std::string name_of_table(const cql::TableName& table) {
    if (table.table.empty()) return table.keyspace;
    return table.keyspace.empty() ? table.table : table.keyspace + "." + table.table;
}

Refusal missing_permission(const std::string& on) {
    return {cql::ErrorCode::unauthorized, "Missing correct permission on " + on + "."};
}

std::optional<Refusal> refuse_write(const cql::Statement& statement) {
    switch (statement.verb) {
        case Verb::select:
        case Verb::use:
        case Verb::list:
        case Verb::describe:
            return std::nullopt;
        default:
            break;
    }
    const std::string on = name_of_table(statement.table);
    return Refusal{cql::ErrorCode::unauthorized, "Missing correct permission on " + (on.empty() ? "the cluster" : on) +
                                                     ": the token may only read; ask for one that may write."};
}

bool may_use(const Rights& rights, const std::string& keyspace) {
    return std::find(rights.keyspaces.begin(), rights.keyspaces.end(), keyspace) != rights.keyspaces.end();
}

std::optional<Refusal> refuse_table(const Rights& rights, const cql::TableName& table, bool is_read) {
    // Without a keyspace it is in the connection's, which only an allowed USE can have set.
    if (table.keyspace.empty() || may_use(rights, table.keyspace)) return std::nullopt;
    // Drivers read the schema. Hashes of passwords are not in it.
    const bool has_secrets = table.keyspace == "system_auth" || table.keyspace == "dse_security";
    if (is_read && cql::is_system_keyspace(table.keyspace) && !has_secrets) return std::nullopt;
    return missing_permission(name_of_table(table));
}

std::optional<Refusal> refuse_elsewhere(const Rights& rights, const cql::Statement& statement) {
    if (rights.keyspaces.empty()) return std::nullopt;
    const bool is_read = statement.verb == Verb::select;
    if (statement.verb == Verb::list || statement.verb == Verb::describe) return std::nullopt;
    const bool says_where = !statement.table.keyspace.empty() || !statement.table.table.empty();
    // Roles, rights and what is not understood are not of one keyspace.
    if (statement.verb == Verb::grant || statement.verb == Verb::call || statement.verb == Verb::other || !says_where)
        return missing_permission("the cluster");
    if (auto refusal = refuse_table(rights, statement.table, is_read)) return refusal;
    for (const cql::TableName& table : statement.tables)
        if (auto refusal = refuse_table(rights, table, is_read)) return refusal;
    return std::nullopt;
}

// CREATE TABLE … (a int, b map<int, text>, PRIMARY KEY (a, b)), CREATE TYPE … (a int): how many are named in the first
// parentheses. PRIMARY KEY is none.
int count_columns(cql::Tokenizer& tokens) {
    int depth = 0, count = 0;
    bool is_first = false;
    for (cql::Lexeme lexeme = tokens.next(); !lexeme.is(cql::LexemeKind::end); lexeme = tokens.next()) {
        if (lexeme.is_symbol("(") || lexeme.is_symbol("<")) {
            is_first = ++depth == 1;
            continue;
        }
        if (lexeme.is_symbol(")") || lexeme.is_symbol(">")) {
            if (--depth == 0) break;
            continue;
        }
        if (depth != 1) continue;
        if (is_first && lexeme.is_name() && !lexeme.is_word("primary")) ++count;
        is_first = lexeme.is_symbol(",");
    }
    return count;
}

std::optional<Refusal> refuse_size(std::string_view text, const cql::Statement& statement) {
    cql::Tokenizer tokens(text);
    if (!tokens.next().is_word("create")) return std::nullopt;
    const cql::Lexeme kind = tokens.next();
    const bool is_table = kind.is_word("table") || kind.is_word("columnfamily");
    if (!is_table && !kind.is_word("type")) return std::nullopt;
    const int most = is_table ? most_columns : most_fields, count = count_columns(tokens);
    if (count <= most) return std::nullopt;
    return Refusal{cql::ErrorCode::invalid, std::string(is_table ? "Tables" : "User types") +
                                                " cannot have more than " + std::to_string(most) + " columns, but " +
                                                std::to_string(count) + " provided for " +
                                                (is_table ? "table " : "type ") + statement.table.table};
}

// CREATE, ALTER, DROP KEYSPACE. (DROP INDEX names a keyspace and no table, too.)
bool is_of_keyspace(std::string_view text) {
    cql::Tokenizer tokens(text);
    tokens.next();
    const cql::Lexeme kind = tokens.next();
    return kind.is_word("keyspace") || kind.is_word("schema");
}

std::optional<Refusal> refuse_as_astra(std::string_view text, const cql::Statement& statement) {
    if (statement.verb != Verb::schema) return std::nullopt;
    if (is_of_keyspace(text)) return missing_permission(statement.table.keyspace);
    return refuse_size(text, statement);
}

}  // namespace

JudgedStatement judge(const Rights& rights, std::string_view text, std::string_view keyspace) {
    JudgedStatement judged;
    judged.statement = cql::classify(text);
    judged.is_write = is_dml(judged.statement.verb);
    if (rights.is_read_only) judged.refusal = refuse_write(judged.statement);
    if (!judged.refusal) judged.refusal = refuse_keyspace(rights, keyspace);
    if (!judged.refusal) judged.refusal = refuse_elsewhere(rights, judged.statement);
    if (!judged.refusal && rights.guardrails == Guardrails::astra)
        judged.refusal = refuse_as_astra(text, judged.statement);
    return judged;
}

std::optional<Refusal> refuse_consistency(const Rights& rights, cql::Consistency consistency) {
    if (rights.guardrails != Guardrails::astra) return std::nullopt;
    if (consistency != cql::Consistency::any && consistency != cql::Consistency::one &&
        consistency != cql::Consistency::local_one)
        return std::nullopt;
    return Refusal{cql::ErrorCode::invalid,
                   "Provided value " + std::string(cql::name_of(consistency)) +
                       " is not allowed for Write Consistency Level (disallowed values are: [ANY, ONE, LOCAL_ONE])"};
}

std::optional<Refusal> refuse_keyspace(const Rights& rights, std::string_view keyspace) {
    if (rights.keyspaces.empty() || keyspace.empty() || may_use(rights, std::string(keyspace))) return std::nullopt;
    return missing_permission(std::string(keyspace));
}

}  // namespace crossfade::gateway
