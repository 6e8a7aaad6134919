#include "cells/select_text.hpp"

#include "cql/statement.hpp"

namespace crossfade::cells {
namespace {

void add_names(std::string& text, const std::vector<LayoutColumn>& columns) {
    for (const LayoutColumn& column : columns) text += cql::quoted(column.name) + ", ";
}

void add_stamps(std::string& text, const std::vector<LayoutColumn>& columns, const std::vector<bool>& readable) {
    for (std::size_t i = 0; i < columns.size(); ++i) {
        if (!readable[i]) continue;
        const std::string name = cql::quoted(columns[i].name);
        text += "WRITETIME(" + name + "), TTL(" + name + "), ";
    }
}

std::string where(const Layout& layout, Scope scope) {
    std::string text;
    if (scope == Scope::range) {
        std::string key;
        for (const LayoutColumn& column : layout.partition_key)
            key += (key.empty() ? "" : ", ") + cql::quoted(column.name);
        return " WHERE token(" + key + ") > ? AND token(" + key + ") <= ?";
    }
    const auto restrict_to = [&text](const std::vector<LayoutColumn>& columns) {
        for (const LayoutColumn& column : columns)
            text += (text.empty() ? " WHERE " : " AND ") + cql::quoted(column.name) + " = ?";
    };
    restrict_to(layout.partition_key);
    if (scope == Scope::row) restrict_to(layout.clustering);
    if (scope == Scope::rows) {
        std::string names;
        for (const LayoutColumn& column : layout.clustering)
            names += (names.empty() ? "" : ", ") + cql::quoted(column.name);
        text += " AND " + (layout.clustering.size() > 1 ? "(" + names + ")" : names) + " IN ?";
    }
    return text;
}

std::string finished(std::string text, const Layout& layout, Scope scope) {
    text.resize(text.size() - 2);  // the last comma
    return text + " FROM " + cql::to_cql(layout.table) + where(layout, scope);
}

}  // namespace

std::string select_rows(const Layout& layout, const Readability& readability, Scope scope) {
    std::string text = "SELECT ";
    add_names(text, layout.partition_key);
    add_names(text, layout.clustering);
    add_names(text, layout.regulars);
    add_stamps(text, layout.regulars, readability.regulars);
    return finished(std::move(text), layout, scope);
}

std::string select_statics(const Layout& layout, const Readability& readability, Scope scope) {
    std::string text = "SELECT DISTINCT ";
    add_names(text, layout.partition_key);
    add_names(text, layout.statics);
    add_stamps(text, layout.statics, readability.statics);
    return finished(std::move(text), layout, scope);
}

std::string select_stamps(const Layout& layout, const LayoutColumn& column) {
    const std::string name = cql::quoted(column.name);
    return "SELECT WRITETIME(" + name + "), TTL(" + name + ") FROM " + cql::to_cql(layout.table);
}

}  // namespace crossfade::cells
