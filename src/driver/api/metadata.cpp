#include "crossfade/metadata.hpp"

#include "crossfade/session.hpp"
#include "driver/api/error_of.hpp"
#include "driver/api/session_core.hpp"
#include "nodes/describe.hpp"

namespace crossfade {
namespace {

ColumnKind kind_of(nodes::ColumnKind kind) {
    switch (kind) {
        case nodes::ColumnKind::partition_key:
            return ColumnKind::partition_key;
        case nodes::ColumnKind::clustering:
            return ColumnKind::clustering;
        case nodes::ColumnKind::static_column:
            return ColumnKind::static_column;
        case nodes::ColumnKind::regular:
            break;
    }
    return ColumnKind::regular;
}

TableMetadata table_of(const nodes::Table& table, const nodes::Schema& schema) {
    TableMetadata made;
    made.keyspace = table.keyspace;
    made.name = table.name;
    made.id = Uuid{table.id};
    for (const nodes::Column& column : table.columns)
        made.columns.push_back(
            TableColumn{column.name, kind_of(column.kind), column.is_descending, DataType(*column.type)});
    made.partition_key_size = table.partition_key_size;
    made.clustering_size = table.clustering_size;
    made.is_view = table.is_view;
    made.base_table = table.base_table;
    made.options = table.options;
    for (const nodes::Index& index : table.indexes) made.indexes.push_back(nodes::describe_index(table, index));
    if (!table.is_view) made.create_statement = nodes::describe_table(table, schema.table_options).text;
    return made;
}

KeyspaceMetadata keyspace_of(const nodes::Keyspace& keyspace, const nodes::Schema& schema) {
    KeyspaceMetadata made;
    made.name = keyspace.name;
    made.replication = keyspace.replication;
    made.durable_writes = keyspace.durable_writes;
    for (const auto& [name, table] : keyspace.tables) made.tables.emplace(name, table_of(table, schema));
    for (const auto& [name, view] : keyspace.views) made.views.emplace(name, table_of(view, schema));
    for (const cql::TypePtr& type : keyspace.types) made.types.emplace(type->name, DataType(*type));
    return made;
}

}  // namespace

const TableColumn* TableMetadata::find_column(std::string_view column) const {
    for (const TableColumn& one : columns)
        if (one.name == column) return &one;
    return nullptr;
}

const KeyspaceMetadata* SchemaMetadata::find_keyspace(std::string_view name) const {
    const auto found = keyspaces_.find(name);
    return found == keyspaces_.end() ? nullptr : &found->second;
}

const TableMetadata* SchemaMetadata::find_table(std::string_view keyspace, std::string_view table) const {
    const KeyspaceMetadata* const in = find_keyspace(keyspace);
    if (in == nullptr) return nullptr;
    for (const auto* tables : {&in->tables, &in->views})
        if (const auto found = tables->find(table); found != tables->end()) return &found->second;
    return nullptr;
}

std::shared_ptr<const SchemaMetadata> Session::schema() const {
    if (auto known = core_->known_schema()) return known;
    // What changes while it is read makes it stale at once.
    const std::uint64_t changes = core_->schema_changes();
    using Read = std::shared_ptr<nodes::Schema>;
    driver::Blocked<Read> blocked(core_->thread());
    const auto read = [](std::shared_ptr<driver::SessionCore> of, driver::Blocked<Read>* done) -> base::Task<void> {
        base::Result<nodes::Schema> schema = co_await of->internal().schema();
        done->complete(schema ? Outcome<Read>(std::make_shared<nodes::Schema>(std::move(*schema)))
                              : Outcome<Read>(driver::error_of(schema.error())));
    };
    core_->thread()->call([&] { read(core_, &blocked).detach(); });
    const Read schema = blocked.wait().value();
    auto made = std::make_shared<SchemaMetadata>();
    made->types_ = schema;
    made->warnings_ = schema->warnings;
    for (const auto& [name, keyspace] : schema->keyspaces)
        made->keyspaces_.emplace(name, keyspace_of(keyspace, *schema));
    core_->keep_schema(made, changes);
    return made;
}

}  // namespace crossfade
