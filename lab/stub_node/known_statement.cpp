#include "stub_node/known_statement.hpp"

#include <cstring>

#include "stub_node/marker_reading.hpp"

namespace crossfade::lab {
namespace {

using cql::OwnedColumn;
using cql::TypeCode;
using cql::Verb;
using Kind = KnownStatement::Kind;

auto server_error(cql::ErrorCode code, std::string message) {
    return base::fail(base::ErrorKind::server, std::move(message), static_cast<int>(code));
}

Kind kind_of(const cql::Statement& facts, const cql::TableName& table) {
    switch (facts.verb) {
        case Verb::select:
            return cql::is_system_keyspace(table.keyspace) ? Kind::system_read : Kind::read;
        case Verb::insert:
        case Verb::update:
        case Verb::delete_rows:
        case Verb::batch:
            return Kind::write;
        case Verb::truncate:
            return Kind::truncate;
        case Verb::use:
            return Kind::use;
        case Verb::schema:
        case Verb::grant:
            return Kind::schema;
        default:
            return Kind::other;
    }
}

base::Result<void> know_system_read(KnownStatement& known, const SystemTables& system_tables) {
    known.select = read_select(known.text);
    if (!known.select)
        return server_error(cql::ErrorCode::syntax_error,
                            "the stub node does not understand this SELECT on a system table");
    known.select->table = known.table;
    auto columns = system_tables.columns_of(*known.select);
    if (!columns) return base::fail(columns.error());
    auto variables = system_tables.variables_of(*known.select);
    if (!variables) return base::fail(variables.error());
    known.columns = std::move(*columns);
    known.variables = std::move(*variables);
    return {};
}

void add_column(KnownStatement& known, std::string label, TypeCode code, CellKind cell) {
    known.columns.push_back({known.table.keyspace, known.table.table, std::move(label), cql::simple_type(code)});
    known.cells.push_back(cell);
}

void know_columns(KnownStatement& known, const SelectStatement& selection, TypeCode key_type) {
    if (selection.is_json) return add_column(known, "[json]", TypeCode::varchar, CellKind::json);
    if (selection.list.empty()) {
        add_column(known, "k", key_type, CellKind::key);
        add_column(known, "v", TypeCode::blob, CellKind::blob);
    }
    for (const Selected& item : selection.list) {
        if (item.is_call)
            add_column(known, item.label, TypeCode::bigint, CellKind::one);
        else if (item.name == "k")
            add_column(known, item.label, key_type, CellKind::key);
        else
            add_column(known, item.label, TypeCode::blob, CellKind::blob);
    }
}

void know_markers(KnownStatement& known, TypeCode key_type) {
    MarkerReading reading = read_markers(known.text, key_type);
    for (Marker& marker : reading.markers)
        known.variables.push_back(
            {known.table.keyspace, known.table.table, std::move(marker.name), std::move(marker.type)});
    known.key_marker = reading.key_marker;
    known.key_literal = std::move(reading.key_literal);
    if (known.key_marker >= 0 && known.facts.verb != Verb::batch)
        known.key_indices = {static_cast<std::uint16_t>(known.key_marker)};
}

// RESULT of rows: kind, metadata, one row (§4.2.5.2). The same in v3, v4 and v5 for the types that the stub has.
base::Bytes head_of_rows(const KnownStatement& known, bool with_metadata) {
    base::Bytes head;
    cql::Writer out(head);
    out.int_number(static_cast<std::int32_t>(cql::ResultKind::rows));
    out.int_number(
        static_cast<std::int32_t>(with_metadata ? cql::rows_flag::global_tables_spec : cql::rows_flag::no_metadata));
    out.int_number(static_cast<std::int32_t>(known.columns.size()));
    if (with_metadata) {
        out.string(known.table.keyspace);
        out.string(known.table.table);
        for (const OwnedColumn& column : known.columns) {
            out.string(column.name);
            cql::write_type(out, *column.type);
        }
    }
    out.int_number(1);
    return head;
}

PreparedId id_from(const std::string& salt, std::string_view what, std::string_view text) {
    return uuid_from(salt + '\0' + std::string(what) + '\0' + std::string(text));
}

}  // namespace

base::Result<KnownStatement> know_statement(std::string_view text, std::string_view keyspace,
                                            const NodeOptions& options, const SystemTables& system_tables) {
    KnownStatement known;
    known.text = text;
    known.keyspace = keyspace;
    known.facts = cql::classify(text);
    known.table = known.facts.table;
    if (known.table.keyspace.empty()) known.table.keyspace = keyspace;
    known.table_text = cql::to_cql(known.table);
    known.kind = kind_of(known.facts, known.table);
    const bool names_a_table = known.kind == Kind::read || known.kind == Kind::write || known.kind == Kind::truncate;
    if (names_a_table && known.table.table.empty())
        return server_error(cql::ErrorCode::syntax_error, "line 1:0 no table in this statement");
    if (names_a_table && known.table.keyspace.empty())
        return server_error(cql::ErrorCode::invalid,
                            "No keyspace has been specified. USE a keyspace, or explicitly specify keyspace.tablename");

    if (known.kind == Kind::system_read) {
        if (const auto result = know_system_read(known, system_tables); !result) return base::fail(result.error());
    } else if (known.kind == Kind::read) {
        const auto selection = read_selection(text);
        if (!selection)
            return server_error(cql::ErrorCode::syntax_error,
                                "the stub node does not understand what this SELECT selects");
        know_columns(known, *selection, options.key_type);
        know_markers(known, options.key_type);
    } else if (known.kind == Kind::write) {
        know_markers(known, options.key_type);
        if (known.facts.is_conditional) add_column(known, "[applied]", TypeCode::boolean, CellKind::truth);
    }
    if (!known.columns.empty()) {
        known.rows_head = head_of_rows(known, true);
        known.short_rows_head = head_of_rows(known, false);
    }
    // Cassandra's id is a hash of the keyspace and the text, too (before 4.0.2 and again where the keyspace matters).
    known.id = id_from(options.id_salt, "statement", known.keyspace + '\0' + known.text);
    known.metadata_id = id_from(options.id_salt, "metadata", base::text_of(known.rows_head));
    return known;
}

}  // namespace crossfade::lab
