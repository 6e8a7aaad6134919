// Types as CQL text: what the schema tables hold and CREATE TABLE takes.
#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "cql/statement.hpp"
#include "cql/type.hpp"

namespace crossfade::cql {

namespace {

// The first name of a code is the one that system_schema uses.
constexpr std::array<std::pair<std::string_view, TypeCode>, 21> native_names = {{
    {"ascii", TypeCode::ascii},
    {"bigint", TypeCode::bigint},
    {"blob", TypeCode::blob},
    {"boolean", TypeCode::boolean},
    {"counter", TypeCode::counter},
    {"decimal", TypeCode::decimal},
    {"double", TypeCode::double_number},
    {"float", TypeCode::float_number},
    {"int", TypeCode::int_number},
    {"timestamp", TypeCode::timestamp},
    {"uuid", TypeCode::uuid},
    {"text", TypeCode::varchar},
    {"varchar", TypeCode::varchar},
    {"varint", TypeCode::varint},
    {"timeuuid", TypeCode::timeuuid},
    {"inet", TypeCode::inet},
    {"date", TypeCode::date},
    {"time", TypeCode::time},
    {"smallint", TypeCode::smallint},
    {"tinyint", TypeCode::tinyint},
    {"duration", TypeCode::duration},
}};

// Tables that were made without CQL have a value column of this type (CREATE … WITH COMPACT STORAGE).
constexpr std::string_view empty_class = "org.apache.cassandra.db.marshal.EmptyType";

std::string_view native_name(TypeCode code) {
    for (const auto& [name, native] : native_names)
        if (native == code) return name;
    return {};
}

std::string single_quoted(std::string_view text) {
    std::string out = "'";
    for (const char c : text) out += c == '\'' ? "''" : std::string(1, c);
    return out + '\'';
}

std::string joined(const Type& type, std::string_view kind) {
    std::string text(kind);
    text += '<';
    for (std::size_t i = 0; i < type.parameters.size(); ++i) {
        if (i != 0) text += ", ";
        text += to_cql(*type.parameters[i]);
    }
    if (type.code == TypeCode::vector) text += ", " + std::to_string(type.dimensions);
    text += '>';
    return text;
}

bool is_blank(char c) {
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}
bool is_word(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

class TypeTextParser {
public:
    TypeTextParser(std::string_view text, const std::string& keyspace,
                   const std::function<TypePtr(const std::string& name)>& find_udt)
        : text_(text), keyspace_(keyspace), find_udt_(find_udt) {}

    base::Result<TypePtr> parse() {
        auto type = parse_type(1);
        skip_blanks();
        if (type && at_ != text_.size()) return wrong();
        return type;
    }

private:
    struct Name {
        std::string text;  // lower case unless quoted
        bool is_quoted = false;
    };

    tl::unexpected<base::Error> wrong() const {
        return base::fail(base::ErrorKind::bad_input, "not a CQL type: '" + std::string(text_) + "'");
    }
    void skip_blanks() {
        while (at_ < text_.size() && is_blank(text_[at_])) ++at_;
    }
    bool take(char c) {
        skip_blanks();
        if (at_ >= text_.size() || text_[at_] != c) return false;
        ++at_;
        return true;
    }

    // Text between `quote` characters, of which a doubled one stands for one.
    base::Result<std::string> quoted_text(char quote) {
        std::string out;
        while (at_ < text_.size()) {
            const char c = text_[at_++];
            if (c != quote) {
                out += c;
            } else if (at_ < text_.size() && text_[at_] == quote) {
                out += quote;
                ++at_;
            } else {
                return out;
            }
        }
        return wrong();
    }

    base::Result<Name> name() {
        if (take('"')) {
            auto inner = quoted_text('"');
            if (!inner) return base::fail(std::move(inner.error()));
            return Name{std::move(*inner), true};
        }
        Name plain;
        while (at_ < text_.size() && is_word(text_[at_])) {
            const char c = text_[at_++];
            plain.text += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
        }
        if (plain.text.empty() || (plain.text[0] >= '0' && plain.text[0] <= '9')) return wrong();
        return plain;
    }

    // `is_in_frozen`: directly in frozen<…>, which is no level of its own; in another frozen<…> it is.
    base::Result<TypePtr> parse_type(int depth, bool is_in_frozen = false) {
        if (depth > deepest_nesting) return base::fail(base::ErrorKind::bad_input, "a type is nested too deeply");
        if (take('\'')) {
            auto class_name = quoted_text('\'');
            if (!class_name) return base::fail(std::move(class_name.error()));
            return parse_class_name(*class_name);
        }
        auto first = name();
        if (!first) return base::fail(std::move(first.error()));
        if (!first->is_quoted) {
            if (take('<')) return parse_parameters(first->text, depth, is_in_frozen);
            for (const auto& [native, code] : native_names)
                if (first->text == native) return simple_type(code);
            if (first->text == "empty") return custom_type(std::string(empty_class));
        }
        return parse_udt(std::move(*first));
    }

    base::Result<TypePtr> parse_udt(Name first) {
        if (take('.')) {
            auto second = name();
            if (!second) return base::fail(std::move(second.error()));
            if (first.text != keyspace_)
                return base::fail(base::ErrorKind::bad_input,
                                  "type '" + std::string(text_) + "' is not of keyspace '" + keyspace_ + "'");
            first = std::move(*second);
        }
        TypePtr found = find_udt_ ? find_udt_(first.text) : nullptr;
        if (!found)
            return base::fail(base::ErrorKind::not_found,
                              "keyspace '" + keyspace_ + "' has no type '" + first.text + "'");
        return found;
    }

    base::Result<TypePtr> parse_parameters(const std::string& kind, int depth, bool is_in_frozen) {
        static constexpr std::array<std::string_view, 6> kinds = {"frozen", "list", "set", "map", "tuple", "vector"};
        if (std::find(kinds.begin(), kinds.end(), kind) == kinds.end()) return wrong();
        const bool is_frozen = kind == "frozen";
        std::vector<TypePtr> parameters;
        do {
            if (kind == "vector" && parameters.size() == 1) return parse_dimensions(std::move(parameters[0]));
            auto parameter = parse_type(is_frozen && !is_in_frozen ? depth : depth + 1, is_frozen);
            if (!parameter) return parameter;
            parameters.push_back(std::move(*parameter));
        } while (take(','));
        if (!take('>')) return wrong();
        if (kind == "tuple") {
            // Tuples are always frozen, and so is what is in them, whether the text says so or not.
            for (TypePtr& parameter : parameters) parameter = frozen(parameter);
            return tuple_type(std::move(parameters));
        }
        if (parameters.size() != (kind == "map" ? 2U : 1U) || kind == "vector") return wrong();
        if (is_frozen) return frozen(parameters[0]);
        if (kind == "list") return list_type(std::move(parameters[0]));
        if (kind == "set") return set_type(std::move(parameters[0]));
        return map_type(std::move(parameters[0]), std::move(parameters[1]));
    }

    base::Result<TypePtr> parse_dimensions(TypePtr element) {
        skip_blanks();
        std::int32_t dimensions = 0;
        const auto [end, error] = std::from_chars(text_.data() + at_, text_.data() + text_.size(), dimensions);
        if (error != std::errc() || dimensions < 1) return wrong();
        at_ = static_cast<std::size_t>(end - text_.data());
        if (!take('>')) return wrong();
        return vector_type(std::move(element), dimensions);
    }

    std::string_view text_;
    const std::string& keyspace_;
    const std::function<TypePtr(const std::string& name)>& find_udt_;
    std::size_t at_ = 0;
};

}  // namespace

std::string quoted_type_name(const std::string& name) {
    const bool is_taken = name == "empty" || std::any_of(native_names.begin(), native_names.end(),
                                                         [&](const auto& native) { return native.first == name; });
    return is_taken ? '"' + name + '"' : quoted(name);
}

std::string to_cql(const Type& type) {
    std::string text;
    switch (type.code) {
        case TypeCode::custom:
            return type.name == empty_class ? "empty" : single_quoted(type.name);
        case TypeCode::list:
            text = joined(type, "list");
            break;
        case TypeCode::set:
            text = joined(type, "set");
            break;
        case TypeCode::map:
            text = joined(type, "map");
            break;
        case TypeCode::udt:
            text = quoted_type_name(type.name);
            break;
        // Always frozen; the server writes so in its schema tables and takes either.
        case TypeCode::tuple:
            return "frozen<" + joined(type, "tuple") + ">";
        case TypeCode::vector:
            return joined(type, "vector");
        default:
            return std::string(native_name(type.code));
    }
    return type.frozen ? "frozen<" + text + ">" : text;
}

base::Result<TypePtr> parse_cql_type(std::string_view text, const std::string& keyspace,
                                     const std::function<TypePtr(const std::string& name)>& find_udt) {
    return TypeTextParser(text, keyspace, find_udt).parse();
}

}  // namespace crossfade::cql
