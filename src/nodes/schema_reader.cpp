// From the rows of system_schema to a Schema, and asking for them.
#include <algorithm>
#include <set>
#include <tuple>
#include <utility>

#include "nodes/cell_values.hpp"
#include "nodes/schema.hpp"
#include "nodes/table_options.hpp"

namespace crossfade::nodes {
namespace {

// The types of one keyspace, resolved as they are used: so each comes after those that it is made of.
class TypeResolver {
public:
    TypeResolver(Keyspace& keyspace, std::vector<std::string>& warnings) : keyspace_(keyspace), warnings_(warnings) {}

    void add(std::string name, std::vector<std::string> field_names, std::vector<std::string> field_types) {
        described_.emplace(std::move(name), Description{std::move(field_names), std::move(field_types), false});
    }
    void resolve_all() {
        for (const auto& [name, unused] : described_) resolve(name);
    }
    // The type of a column or field; what cannot be understood becomes a custom type of that text, with a warning.
    cql::TypePtr parse(const std::string& text, const std::string& used_by) {
        auto type =
            cql::parse_cql_type(text, keyspace_.name, [this](const std::string& name) { return resolve(name); });
        if (type) return std::move(*type);
        warnings_.push_back(used_by + ": " + type.error().message + "; its values are taken as they are");
        return cql::custom_type(text);
    }

private:
    struct Description {
        std::vector<std::string> field_names, field_types;
        bool is_begun = false;
    };

    cql::TypePtr resolve(const std::string& name) {
        if (cql::TypePtr known = keyspace_.find_type(name)) return known;
        const auto found = described_.find(name);
        // A type cannot contain itself: rows that say so are damaged.
        if (found == described_.end() || found->second.is_begun) return nullptr;
        Description& description = found->second;
        description.is_begun = true;
        std::vector<cql::TypePtr> fields;
        for (const std::string& text : description.field_types)
            fields.push_back(parse(text, "type " + keyspace_.name + "." + name));
        if (fields.size() != description.field_names.size()) {
            warnings_.push_back("type " + keyspace_.name + "." + name + ": names and types of its fields do not match");
            return nullptr;
        }
        keyspace_.types.push_back(
            cql::udt_type(keyspace_.name, name, std::move(description.field_names), std::move(fields)));
        return keyspace_.types.back();
    }

    Keyspace& keyspace_;
    std::vector<std::string>& warnings_;
    std::map<std::string, Description> described_;
};

std::string class_without_package(const std::string& name) {
    const auto dot = name.rfind('.');
    return dot == std::string::npos ? name : name.substr(dot + 1);
}

void read_keyspaces(Schema& schema, const Rows& rows) {
    for (RowCursor row = rows.first(); row; row.next()) {
        const NamedCells cells(rows, row);
        Keyspace keyspace;
        keyspace.name = cells.text("keyspace_name");
        keyspace.replication = cells.text_map("replication");
        if (const auto strategy = keyspace.replication.find("class"); strategy != keyspace.replication.end())
            strategy->second = class_without_package(strategy->second);
        keyspace.durable_writes = !cells.has("durable_writes") || cells.boolean("durable_writes");
        schema.keyspaces.emplace(keyspace.name, std::move(keyspace));
    }
}

// One row of system_schema.tables or views. Before 4.0 super column families and the like tell by flags what they are.
Table read_table(const Rows& rows, const RowCursor& row, bool is_view) {
    const NamedCells cells(rows, row);
    Table table;
    table.keyspace = cells.text("keyspace_name");
    table.name = cells.text(is_view ? "view_name" : "table_name");
    table.id = cells.uuid("id");
    table.gc_grace_seconds = cells.int_number("gc_grace_seconds", table.gc_grace_seconds);
    table.default_time_to_live = cells.int_number("default_time_to_live", 0);
    table.is_view = is_view;
    table.base_table = cells.text("base_table_name");
    table.options = read_table_options(rows, row);
    if (!is_view && cells.has("flags")) {
        const std::vector<std::string> flags = cells.text_list("flags");
        const auto has = [&](std::string_view flag) {
            return std::find(flags.begin(), flags.end(), flag) != flags.end();
        };
        table.is_counter = has("counter");
        table.is_dense = has("dense");
        table.is_compact_storage = table.is_dense || has("super") || !has("compound");
    }
    return table;
}

void read_tables(Schema& schema, const Rows& rows, bool are_views) {
    for (RowCursor row = rows.first(); row; row.next()) {
        Table table = read_table(rows, row, are_views);
        const auto keyspace = schema.keyspaces.find(table.keyspace);
        if (keyspace == schema.keyspaces.end()) continue;
        auto& list = are_views ? keyspace->second.views : keyspace->second.tables;
        list.emplace(table.name, std::move(table));
    }
}

Table* table_to_fill(Schema& schema, const NamedCells& cells) {
    const auto keyspace = schema.keyspaces.find(cells.text("keyspace_name"));
    if (keyspace == schema.keyspaces.end()) return nullptr;
    for (auto* list : {&keyspace->second.tables, &keyspace->second.views})
        if (const auto found = list->find(cells.text("table_name")); found != list->end()) return &found->second;
    return nullptr;
}

ColumnKind kind_of(std::string_view text) {
    if (text == "partition_key") return ColumnKind::partition_key;
    if (text == "clustering") return ColumnKind::clustering;
    return text == "static" ? ColumnKind::static_column : ColumnKind::regular;
}

void read_columns(Schema& schema, const Rows& rows, std::map<std::string, TypeResolver, std::less<>>& types) {
    for (RowCursor row = rows.first(); row; row.next()) {
        const NamedCells cells(rows, row);
        Table* const table = table_to_fill(schema, cells);
        if (table == nullptr) continue;
        Column column;
        column.name = cells.text("column_name");
        column.kind = kind_of(cells.text("kind"));
        column.position = cells.int_number("position", -1);
        column.is_descending = cells.text("clustering_order") == "desc";
        column.type_text = cells.text("type");
        column.type = types.at(table->keyspace)
                          .parse(column.type_text, "column " + cql::to_cql(table->full_name()) + "." + column.name);
        if (cql::contains(*column.type, cql::TypeCode::counter)) table->is_counter = true;
        table->columns.push_back(std::move(column));
    }
}

// COMPACT STORAGE: a table without clustering columns is kept as static columns beside a clustering and a value column
// that CQL does not show; one that has nothing but its key has a value column of the empty type.
void drop_hidden_columns(Table& table) {
    if (!table.is_compact_storage) return;
    if (!table.is_dense) {
        const bool is_all_static = std::none_of(table.columns.begin(), table.columns.end(), [](const Column& column) {
            return column.kind == ColumnKind::clustering && column.name != "column1";
        });
        if (is_all_static) {
            std::erase_if(table.columns, [](const Column& column) {
                return column.kind == ColumnKind::clustering || column.kind == ColumnKind::regular;
            });
            for (Column& column : table.columns)
                if (column.kind == ColumnKind::static_column) column.kind = ColumnKind::regular;
        }
        return;
    }
    std::erase_if(table.columns, [](const Column& column) {
        return column.kind == ColumnKind::regular && cql::to_cql(*column.type) == "empty";
    });
}

void order_columns(Table& table) {
    std::sort(table.columns.begin(), table.columns.end(), [](const Column& a, const Column& b) {
        return std::tie(a.kind, a.position, a.name) < std::tie(b.kind, b.position, b.name);
    });
    for (const Column& column : table.columns) {
        table.partition_key_size += column.kind == ColumnKind::partition_key ? 1 : 0;
        table.clustering_size += column.kind == ColumnKind::clustering ? 1 : 0;
    }
}

void finish_tables(Schema& schema) {
    for (auto& [name, keyspace] : schema.keyspaces) {
        for (auto* list : {&keyspace.tables, &keyspace.views}) {
            for (auto& [table_name, table] : *list) {
                drop_hidden_columns(table);
                order_columns(table);
            }
            std::erase_if(*list, [&](const auto& entry) {
                const bool is_broken = entry.second.partition_key_size == 0;
                if (is_broken)
                    schema.warnings.push_back("table " + cql::to_cql(entry.second.full_name()) +
                                              " has no partition key and is left out");
                return is_broken;
            });
        }
    }
}

void read_indexes(Schema& schema, const Rows& rows) {
    for (RowCursor row = rows.first(); row; row.next()) {
        const NamedCells cells(rows, row);
        Table* const table = table_to_fill(schema, cells);
        if (table == nullptr) continue;
        table->indexes.push_back(
            {std::string(cells.text("index_name")), std::string(cells.text("kind")), cells.text_map("options")});
    }
}

// " WHERE keyspace_name IN ('a', 'b')", or nothing for all.
std::string condition(const std::vector<std::string>& keyspaces) {
    std::string text;
    for (const std::string& name : keyspaces)
        text += (text.empty() ? " WHERE keyspace_name IN (" : ", ") + literal(name);
    return text.empty() ? text : text + ")";
}

}  // namespace

Schema build_schema(const SchemaRows& rows) {
    Schema schema;
    read_keyspaces(schema, rows.keyspaces);
    for (const cql::ColumnSpec& column : rows.tables.columns())
        if (is_table_option(column.name)) schema.table_options.emplace(column.name);

    std::map<std::string, TypeResolver, std::less<>> types;
    for (auto& [name, keyspace] : schema.keyspaces) types.emplace(name, TypeResolver(keyspace, schema.warnings));
    for (RowCursor row = rows.types.first(); row; row.next()) {
        const NamedCells cells(rows.types, row);
        if (const auto of = types.find(cells.text("keyspace_name")); of != types.end())
            of->second.add(std::string(cells.text("type_name")), cells.text_list("field_names"),
                           cells.text_list("field_types"));
    }
    for (auto& [name, resolver] : types) resolver.resolve_all();

    read_tables(schema, rows.tables, false);
    read_tables(schema, rows.views, true);
    read_columns(schema, rows.columns, types);
    finish_tables(schema);
    read_indexes(schema, rows.indexes);
    return schema;
}

base::Task<base::Result<Schema>> read_schema(Ask ask, std::vector<std::string> keyspaces) {
    struct Part {
        const char* table;
        Rows SchemaRows::*rows;
        bool is_needed;
    };
    static constexpr Part parts[] = {
        {"keyspaces", &SchemaRows::keyspaces, true}, {"types", &SchemaRows::types, false},
        {"tables", &SchemaRows::tables, true},       {"columns", &SchemaRows::columns, true},
        {"views", &SchemaRows::views, false},        {"indexes", &SchemaRows::indexes, false},
    };
    const std::string where = condition(keyspaces);
    SchemaRows rows;
    std::vector<std::string> warnings;
    for (const Part& part : parts) {
        base::Result<Rows> read = co_await ask(std::string("SELECT * FROM system_schema.") + part.table + where);
        if (read) {
            rows.*part.rows = std::move(*read);
        } else if (part.is_needed) {
            co_return base::fail(read.error());
        } else {
            warnings.push_back(std::string("system_schema.") + part.table +
                               " could not be read: " + read.error().message);
        }
    }
    Schema schema = build_schema(rows);
    schema.warnings.insert(schema.warnings.begin(), warnings.begin(), warnings.end());
    if (keyspaces.empty())
        std::erase_if(schema.keyspaces, [](const auto& entry) { return cql::is_system_keyspace(entry.first); });
    co_return schema;
}

}  // namespace crossfade::nodes
