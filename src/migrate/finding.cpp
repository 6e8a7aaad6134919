#include "migrate/finding.hpp"

#include <spdlog/fmt/fmt.h>

#include <set>

#include "base/json_text.hpp"
#include "cql/literal.hpp"
#include "cql/statement.hpp"

namespace crossfade::migrate {
namespace {

using cells::CellDifference;
using cells::RowDifference;
using cells::Shape;

constexpr std::size_t longest_value = 1000;

std::string value_json(const cql::Type& type, cells::ByteView bytes) {
    std::string text = cql::to_json(type, bytes);
    if (text.size() <= longest_value) return text;
    return base::json_quoted(fmt::format("({} bytes)", bytes.size()));
}

// What a cell of the column holds, and who it is among the column's cells.
struct CellTypes {
    const cql::Type* key = nullptr;
    const cql::Type* value = nullptr;
};
CellTypes types_of(const cells::LayoutColumn& column, const cells::Atom& atom) {
    const auto& parameters = column.type->parameters;
    switch (column.shape) {
        case Shape::single:
            return {nullptr, column.type.get()};
        case Shape::set:
            return {parameters[0].get(), nullptr};
        case Shape::map:
            return {parameters[0].get(), parameters[1].get()};
        case Shape::list:
            return {nullptr, parameters[0].get()};
        case Shape::udt:
            return {nullptr, parameters[std::min(cells::field_of(atom.key), parameters.size() - 1)].get()};
    }
    return {};
}

void add_side(base::JsonObject& object, const char* side, const cells::LayoutColumn& column, const cells::Atom* atom) {
    if (atom == nullptr) {
        object.raw(side, "null");
        return;
    }
    const CellTypes types = types_of(column, *atom);
    if (types.value != nullptr) object.raw(side, value_json(*types.value, atom->value));
    if (!atom->stamp.is_known) return;
    object.field(std::string(side) + "_writetime", atom->stamp.writetime);
    if (atom->stamp.expires_at != 0) object.field(std::string(side) + "_expires_at", atom->stamp.expires_at);
}

std::string cell_json(const cells::LayoutColumn& column, const CellDifference& cell) {
    base::JsonObject object;
    object.field("column", column.name).field("kind", cells::name_of(cell.kind));
    const cells::Atom& atom = cell.origin != nullptr ? *cell.origin : *cell.target;
    const CellTypes types = types_of(column, atom);
    if (types.key != nullptr) object.raw("element", value_json(*types.key, atom.key));
    if (column.shape == Shape::udt)
        object.field(
            "field",
            column.type->field_names[std::min(cells::field_of(atom.key), column.type->field_names.size() - 1)]);
    add_side(object, "origin", column, cell.origin);
    add_side(object, "target", column, cell.target);
    return object.text();
}

const char* name_of(RowDifference::Kind kind) {
    switch (kind) {
        case RowDifference::Kind::none:
            return "none";
        case RowDifference::Kind::missing:
            return "missing";
        case RowDifference::Kind::extra:
            return "extra";
        case RowDifference::Kind::different:
            return "different";
    }
    return "";
}

}  // namespace

std::string finding_json(const cells::Layout& layout, const cells::RowKey& key, const RowDifference& difference,
                         const Fate& fate) {
    base::JsonObject object;
    object.field("table", cql::to_cql(layout.table)).field("kind", name_of(difference.kind));
    if (key.of_statics) object.field("statics", true);
    object.raw("key", cells::to_json(layout, key));
    if (!difference.cells.empty()) {
        base::JsonList list;
        for (const CellDifference& cell : difference.cells)
            list.add(cell_json(layout.cells(key.of_statics)[cell.column], cell));
        object.raw("cells", list.text());
    }
    object.field("repaired", fate.is_repaired);
    if (!fate.left.empty()) object.field("left", fate.left);
    return object.text();
}

std::string finding_text(const cells::Layout& layout, const cells::RowKey& key, const RowDifference& difference,
                         const Fate& fate) {
    std::string text = cql::to_cql(layout.table) + " WHERE " + cells::to_cql(layout, key) + ": ";
    const std::string what = key.of_statics ? "static columns " : "";
    if (difference.kind == RowDifference::Kind::missing) text += what + "missing on the target";
    if (difference.kind == RowDifference::Kind::extra) text += what + "only on the target";
    if (difference.kind == RowDifference::Kind::different) {
        std::string columns;
        std::set<std::string> named;
        for (const CellDifference& cell : difference.cells) {
            const std::string one = cql::quoted(layout.cells(key.of_statics)[cell.column].name) + " (" +
                                    std::string(cells::name_of(cell.kind)) + ")";
            if (named.insert(one).second) columns += (columns.empty() ? "" : ", ") + one;
        }
        text += what + "different in " + columns;
    }
    if (fate.is_repaired)
        text += "; repaired";
    else if (!fate.left.empty())
        text += "; " + fate.left;
    return text;
}

void count_finding(const RowDifference& difference, const Fate& fate, PartCounts& counts) {
    if (difference.kind == RowDifference::Kind::missing) ++counts.missing;
    if (difference.kind == RowDifference::Kind::extra) ++counts.extra;
    if (difference.kind == RowDifference::Kind::different) ++counts.different;
    bool value = false, writetime = false, ttl = false, missing = false, extra = false, newer = false;
    for (const CellDifference& cell : difference.cells) {
        value = value || cell.kind == CellDifference::Kind::value || cell.kind == CellDifference::Kind::list;
        writetime = writetime || cell.kind == CellDifference::Kind::writetime;
        ttl = ttl || cell.kind == CellDifference::Kind::ttl;
        missing = missing || cell.kind == CellDifference::Kind::missing;
        extra = extra || cell.kind == CellDifference::Kind::extra;
        newer = newer || cell.target_is_newer;
    }
    counts.with_value += value ? 1 : 0;
    counts.with_writetime += writetime ? 1 : 0;
    counts.with_ttl += ttl ? 1 : 0;
    counts.with_missing_cell += missing ? 1 : 0;
    counts.with_extra_cell += extra ? 1 : 0;
    counts.newer_on_target += newer ? 1 : 0;
    counts.repaired += fate.is_repaired ? 1 : 0;
}

}  // namespace crossfade::migrate
