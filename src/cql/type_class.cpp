// The server's class names of types: what custom types are on the wire.
#include <array>
#include <charconv>
#include <utility>

#include "cql/type.hpp"

namespace crossfade::cql {

namespace {

constexpr std::string_view package = "org.apache.cassandra.db.marshal.";

constexpr std::array<std::pair<std::string_view, TypeCode>, 20> simple_classes = {{
    {"AsciiType", TypeCode::ascii},
    {"LongType", TypeCode::bigint},
    {"BytesType", TypeCode::blob},
    {"BooleanType", TypeCode::boolean},
    {"CounterColumnType", TypeCode::counter},
    {"DecimalType", TypeCode::decimal},
    {"DoubleType", TypeCode::double_number},
    {"FloatType", TypeCode::float_number},
    {"Int32Type", TypeCode::int_number},
    {"TimestampType", TypeCode::timestamp},
    {"UUIDType", TypeCode::uuid},
    {"UTF8Type", TypeCode::varchar},
    {"IntegerType", TypeCode::varint},
    {"TimeUUIDType", TypeCode::timeuuid},
    {"InetAddressType", TypeCode::inet},
    {"SimpleDateType", TypeCode::date},
    {"TimeType", TypeCode::time},
    {"ShortType", TypeCode::smallint},
    {"ByteType", TypeCode::tinyint},
    {"DurationType", TypeCode::duration},
}};

std::string_view class_of(TypeCode code) {
    switch (code) {
        case TypeCode::list:
            return "ListType";
        case TypeCode::set:
            return "SetType";
        case TypeCode::map:
            return "MapType";
        case TypeCode::tuple:
            return "TupleType";
        case TypeCode::udt:
            return "UserType";
        case TypeCode::vector:
            return "VectorType";
        default:
            break;
    }
    for (const auto& [name, simple] : simple_classes)
        if (simple == code) return name;
    return {};
}

std::string to_hex(std::string_view text) {
    constexpr std::string_view digits = "0123456789abcdef";
    std::string hex;
    for (const char c : text) {
        hex += digits[static_cast<unsigned char>(c) >> 4];
        hex += digits[static_cast<unsigned char>(c) & 15];
    }
    return hex;
}

bool from_hex(std::string_view hex, std::string& out) {
    if (hex.size() % 2 != 0) return false;
    for (std::size_t i = 0; i < hex.size(); i += 2) {
        unsigned value = 0;
        const auto [end, error] = std::from_chars(hex.data() + i, hex.data() + i + 2, value, 16);
        if (error != std::errc() || end != hex.data() + i + 2) return false;
        out += static_cast<char>(value);
    }
    return true;
}

// Recursive descent over NAME [ '(' argument { ',' argument } ')' ] (org.apache.cassandra.db.marshal.TypeParser).
class ClassParser {
public:
    explicit ClassParser(std::string_view text) : text_(text) {}

    base::Result<TypePtr> parse() {
        auto type = parse_class(1);
        skip_blanks();
        if (type && at_ != text_.size()) return wrong();
        return type;
    }

private:
    tl::unexpected<base::Error> wrong() const {
        return base::fail(base::ErrorKind::bad_input, "not the class of a type: '" + std::string(text_) + "'");
    }
    void skip_blanks() {
        while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\t' || text_[at_] == '\n')) ++at_;
    }
    bool take(char c) {
        skip_blanks();
        if (at_ >= text_.size() || text_[at_] != c) return false;
        ++at_;
        return true;
    }
    std::string_view word() {
        skip_blanks();
        const std::size_t start = at_;
        while (at_ < text_.size()) {
            const char c = text_[at_];
            const bool is_part = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                                 c == '_' || c == '.' || c == '-' || c == '+' || c == '&' || c == '$';
            if (!is_part) break;
            ++at_;
        }
        return text_.substr(start, at_ - start);
    }

    // `is_wrapped`: directly in FrozenType or ReversedType, which are no levels of their own; in another of them they
    // are.
    base::Result<TypePtr> parse_class(int depth, bool is_wrapped = false) {
        if (depth > deepest_nesting) return base::fail(base::ErrorKind::bad_input, "a type is nested too deeply");
        skip_blanks();
        const std::size_t start = at_;
        const std::string_view full = word();
        if (full.empty()) return wrong();
        const std::string_view name = full.starts_with(package) ? full.substr(package.size()) : full;
        for (const auto& [simple, code] : simple_classes)
            if (name == simple) return take('(') && !take(')') ? base::Result<TypePtr>(wrong()) : simple_type(code);
        if (name == "ListType") return parse_collection(TypeCode::list, 1, depth);
        if (name == "SetType") return parse_collection(TypeCode::set, 1, depth);
        if (name == "MapType") return parse_collection(TypeCode::map, 2, depth);
        if (name == "TupleType") return parse_tuple(depth);
        if (name == "UserType") return parse_udt(depth);
        if (name == "VectorType") return parse_vector(depth);
        if (name == "FrozenType" || name == "ReversedType")
            return parse_wrapped(name == "FrozenType", is_wrapped ? depth + 1 : depth);
        return parse_unknown(start);
    }

    // A class that has no CQL type is kept as it is, with all that stands in its parentheses.
    base::Result<TypePtr> parse_unknown(std::size_t start) {
        std::size_t end = at_;
        if (take('(')) {
            for (int open = 1; open > 0; ++at_) {
                if (at_ >= text_.size()) return wrong();
                if (text_[at_] == '(') ++open;
                if (text_[at_] == ')') --open;
            }
            end = at_;
        }
        return custom_type(std::string(text_.substr(start, end - start)));
    }

    base::Result<TypePtr> parse_collection(TypeCode code, std::size_t count, int depth) {
        auto type = std::make_shared<Type>();
        type->code = code;
        for (std::size_t i = 0; i < count; ++i) {
            if (!take(i == 0 ? '(' : ',')) return wrong();
            auto parameter = parse_class(depth + 1);
            if (!parameter) return parameter;
            type->parameters.push_back(std::move(*parameter));
        }
        if (!take(')')) return wrong();
        return type;
    }

    base::Result<TypePtr> parse_tuple(int depth) {
        std::vector<TypePtr> fields;
        if (!take('(')) return wrong();
        if (take(')')) return tuple_type({});
        do {
            auto field = parse_class(depth + 1);
            if (!field) return field;
            fields.push_back(std::move(*field));
        } while (take(','));
        if (!take(')')) return wrong();
        return tuple_type(std::move(fields));
    }

    base::Result<TypePtr> parse_udt(int depth) {
        auto type = std::make_shared<Type>();
        type->code = TypeCode::udt;
        if (!take('(')) return wrong();
        type->keyspace = word();
        if (!take(',') || !from_hex(word(), type->name)) return wrong();
        while (take(',')) {
            if (!from_hex(word(), type->field_names.emplace_back()) || !take(':')) return wrong();
            auto field = parse_class(depth + 1);
            if (!field) return field;
            type->parameters.push_back(std::move(*field));
        }
        if (!take(')')) return wrong();
        return type;
    }

    base::Result<TypePtr> parse_vector(int depth) {
        if (!take('(')) return wrong();
        auto element = parse_class(depth + 1);
        if (!element) return element;
        if (!take(',')) return wrong();
        const std::string_view digits = word();
        std::int32_t dimensions = 0;
        const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), dimensions);
        if (error != std::errc() || end != digits.data() + digits.size() || dimensions < 1 || !take(')'))
            return wrong();
        return vector_type(std::move(*element), dimensions);
    }

    base::Result<TypePtr> parse_wrapped(bool is_frozen, int depth) {
        if (!take('(')) return wrong();
        auto inner = parse_class(depth, true);
        if (!inner) return inner;
        if (!take(')')) return wrong();
        return is_frozen ? frozen(*inner) : *inner;
    }

    std::string_view text_;
    std::size_t at_ = 0;
};

}  // namespace

std::string to_class_name(const Type& type) {
    if (type.code == TypeCode::custom) return type.name;
    std::string text(package);
    text += class_of(type.code);
    if (type.code == TypeCode::udt) {
        text += "(" + type.keyspace + "," + to_hex(type.name);
        for (std::size_t i = 0; i < type.parameters.size(); ++i)
            text += "," + to_hex(type.field_names[i]) + ":" + to_class_name(*type.parameters[i]);
        text += ")";
    } else if (!type.parameters.empty() || type.code == TypeCode::tuple) {
        for (std::size_t i = 0; i < type.parameters.size(); ++i)
            text += (i == 0 ? "(" : ",") + to_class_name(*type.parameters[i]);
        if (type.parameters.empty()) text += "(";
        if (type.code == TypeCode::vector) text += " , " + std::to_string(type.dimensions);
        text += ")";
    }
    return type.frozen ? std::string(package) + "FrozenType(" + text + ")" : text;
}

base::Result<TypePtr> parse_class_name(std::string_view text) {
    return ClassParser(text).parse();
}

}  // namespace crossfade::cql
