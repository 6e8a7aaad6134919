#include "proxy/repair_text.hpp"

#include <algorithm>

#include "cql/tokenizer.hpp"

namespace crossfade::proxy {
namespace {

using cql::Lexeme;
using cql::LexemeKind;

struct Placed {
    Lexeme lexeme;
    std::size_t begin = 0, end = 0;
    std::uint32_t markers_before = 0;
};

std::vector<Placed> lexemes_of(std::string_view text) {
    std::vector<Placed> all;
    cql::Tokenizer in(text);
    std::uint32_t markers = 0;
    for (;;) {
        const Lexeme lexeme = in.next();
        const std::size_t end = in.position();
        all.push_back({lexeme, end - lexeme.text.size(), end, markers});
        if (lexeme.is(LexemeKind::end)) return all;
        if (lexeme.is(LexemeKind::marker)) ++markers;
    }
}

// Walks over the lexemes of one text.
class TextReader {
public:
    explicit TextReader(std::string_view text) : lexemes_(lexemes_of(text)) {}

    std::vector<StatementText> read() {
        std::vector<StatementText> statements;
        if (word("begin")) {
            while (!over() && !word("batch")) step();
            while (!over() && !word("apply")) {
                if (at_verb())
                    statements.push_back(read_statement());
                else
                    step();
            }
        } else if (at_verb()) {
            statements.push_back(read_statement());
        }
        return statements;
    }

private:
    const Placed& here() const { return lexemes_[at_]; }
    void step() {
        if (!over()) ++at_;
    }
    bool over() const { return here().lexeme.is(LexemeKind::end); }
    bool word(std::string_view lower_case) const { return here().lexeme.is_word(lower_case); }
    bool symbol(std::string_view wanted) const { return here().lexeme.is_symbol(wanted); }
    // These are reserved: no name is written so without quotes.
    bool at_verb() const { return word("insert") || word("update") || word("delete"); }
    bool at_end() const { return over() || symbol(";") || word("apply") || at_verb(); }

    // Past this lexeme; when it opens a bracket, past what closes it.
    void skip() {
        int depth = 0;
        do {
            if (symbol("(") || symbol("[") || symbol("{")) ++depth;
            if (symbol(")") || symbol("]") || symbol("}")) --depth;
            step();
        } while (depth > 0 && !over());
    }

    TextSpan from(std::size_t first) const {
        TextSpan span;
        span.begin = lexemes_[first].begin;
        span.end = at_ > first ? lexemes_[at_ - 1].end : span.begin;
        span.first_marker = lexemes_[first].markers_before;
        span.marker_count = here().markers_before - span.first_marker;
        return span;
    }
    // An empty span behind the last lexeme that was passed.
    TextSpan place() const {
        TextSpan span;
        span.begin = span.end = lexemes_[at_ - 1].end;
        span.first_marker = here().markers_before;
        return span;
    }

    cql::TableName read_table(StatementText& out) {
        cql::TableName name;
        out.table_at = here().begin;
        if (!here().lexeme.is_name()) return name;
        name.table = cql::name_text(here().lexeme.text);
        step();
        if (symbol(".") && lexemes_[at_ + 1].lexeme.is_name()) {
            step();
            name.keyspace = std::move(name.table);
            name.table = cql::name_text(here().lexeme.text);
            step();
        }
        return name;
    }

    StatementText read_statement() {
        const std::size_t first = at_;
        StatementText out;
        if (word("insert"))
            read_insert(out);
        else if (word("update"))
            read_update(out);
        else
            read_delete(out);
        while (!at_end()) skip();
        if (out.verb == cql::Verb::insert && !out.ttl_place && !out.ttl) {
            out.ttl_place = place();
            out.ttl_lead = " USING TTL ";
        }
        out.text = from(first);
        for (std::size_t i = first; i + 1 < at_; ++i) {
            if (lexemes_[i].lexeme.is(LexemeKind::word) && lexemes_[i + 1].lexeme.is_symbol("(") &&
                is_time_or_chance(lexemes_[i].lexeme)) {
                out.calls_time_or_chance = true;
            }
        }
        return out;
    }

    static bool is_time_or_chance(const Lexeme& function) {
        for (const std::string_view name :
             {"now", "uuid", "currenttimestamp", "currentdate", "currenttime", "currenttimeuuid", "current_timestamp",
              "current_date", "current_time", "current_timeuuid"}) {
            if (function.is_word(name)) return true;
        }
        return false;
    }

    void read_insert(StatementText& out) {
        out.verb = cql::Verb::insert;
        step();
        if (word("into")) step();
        out.table = read_table(out);
        if (symbol("(")) {
            const std::vector<std::string> names = read_names();
            if (word("values")) step();
            if (symbol("(")) read_values(out, names);
        }
        while (!at_end() && !word("using")) skip();
        if (word("using")) read_using(out);
    }

    std::vector<std::string> read_names() {
        std::vector<std::string> names;
        step();
        while (!over() && !symbol(")")) {
            if (here().lexeme.is_name()) names.push_back(cql::name_text(here().lexeme.text));
            step();
        }
        if (!over()) step();
        return names;
    }

    void read_values(StatementText& out, const std::vector<std::string>& names) {
        step();
        for (std::size_t i = 0; !over() && !symbol(")"); ++i) {
            const std::size_t first = at_;
            while (!over() && !symbol(",") && !symbol(")")) skip();
            if (i < names.size()) out.columns.push_back({names[i], from(first), true});
            if (symbol(",")) step();
        }
        if (!over()) step();
    }

    void read_update(StatementText& out) {
        out.verb = cql::Verb::update;
        step();
        out.table = read_table(out);
        if (word("using")) {
            read_using(out);
        } else {
            out.ttl_place = place();
            out.ttl_lead = " USING TTL ";
        }
        while (!at_end() && !word("where")) skip();
        if (word("where")) read_where(out);
    }

    void read_delete(StatementText& out) {
        out.verb = cql::Verb::delete_rows;
        step();
        while (!at_end() && !word("from")) skip();
        if (word("from")) step();
        out.table = read_table(out);
        if (word("using")) {
            read_using(out);
            out.ttl_place.reset();
        }
        while (!at_end() && !word("where")) skip();
        if (word("where")) read_where(out);
    }

    void read_using(StatementText& out) {
        do {
            step();
            const bool is_ttl = word("ttl");
            if (word("timestamp")) out.has_using_timestamp = true;
            step();
            const std::size_t first = at_;
            while (!at_end() && !word("and") && !word("set") && !word("where")) skip();
            if (is_ttl) out.ttl = from(first);
        } while (word("and"));
        if (!out.ttl) {
            out.ttl_place = place();
            out.ttl_lead = " AND TTL ";
        }
    }

    void read_where(StatementText& out) {
        do {
            step();
            const std::size_t first = at_;
            const bool is_named = here().lexeme.is_name();
            while (!at_end() && !word("and") && !word("if")) skip();
            const bool fixes = is_named && at_ > first + 1 &&
                               (lexemes_[first + 1].lexeme.is_symbol("=") || lexemes_[first + 1].lexeme.is_word("in"));
            if (fixes) out.columns.push_back({cql::name_text(lexemes_[first].lexeme.text), from(first), false});
        } while (word("and"));
    }

    std::vector<Placed> lexemes_;
    std::size_t at_ = 0;
};

}  // namespace

std::vector<StatementText> statements_in(std::string_view text) {
    return TextReader(text).read();
}

std::string with_keyspace(std::string_view text, std::string_view keyspace) {
    std::string qualified(text);
    const std::vector<StatementText> statements = statements_in(text);
    for (auto one = statements.rbegin(); one != statements.rend(); ++one) {
        if (one->table.keyspace.empty() && !one->table.table.empty())
            qualified.insert(one->table_at, cql::quoted(keyspace) + ".");
    }
    return qualified;
}

std::optional<KeyQuery> key_query(std::string_view text, const StatementText& statement, const cql::TableName& table,
                                  const std::vector<std::string>& key_columns) {
    if (statement.calls_time_or_chance) return std::nullopt;
    KeyQuery query;
    std::string columns, conditions;
    for (const std::string& name : key_columns) {
        const auto said = std::find_if(statement.columns.begin(), statement.columns.end(),
                                       [&](const ColumnSaying& one) { return one.column == name; });
        if (said == statement.columns.end()) return std::nullopt;
        columns += (columns.empty() ? "" : ", ") + cql::quoted(name);
        if (!conditions.empty()) conditions += " AND ";
        if (said->is_value) conditions += cql::quoted(name) + " = ";
        conditions += text.substr(said->text.begin, said->text.end - said->text.begin);
        for (std::uint32_t i = 0; i < said->text.marker_count; ++i)
            query.markers.push_back(said->text.first_marker + i);
    }
    query.text = "SELECT DISTINCT " + columns + " FROM " + cql::to_cql(table) + " WHERE " + conditions;
    return query;
}

}  // namespace crossfade::proxy
