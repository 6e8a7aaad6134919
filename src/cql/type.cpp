#include "cql/type.hpp"

#include <array>
#include <cassert>
#include <utility>

#include "cql/statement.hpp"

namespace crossfade::cql {

namespace {

constexpr std::array simple_codes = {
    TypeCode::ascii,   TypeCode::bigint,        TypeCode::blob,         TypeCode::boolean,    TypeCode::counter,
    TypeCode::decimal, TypeCode::double_number, TypeCode::float_number, TypeCode::int_number, TypeCode::timestamp,
    TypeCode::uuid,    TypeCode::varchar,       TypeCode::varint,       TypeCode::timeuuid,   TypeCode::inet,
    TypeCode::date,    TypeCode::time,          TypeCode::smallint,     TypeCode::tinyint,    TypeCode::duration,
};

constexpr std::size_t simple_limit = 0x16;

bool is_simple(std::uint16_t code) {
    for (const TypeCode each : simple_codes)
        if (static_cast<std::uint16_t>(each) == code) return true;
    return false;
}

const std::array<TypePtr, simple_limit>& singletons() {
    static const std::array<TypePtr, simple_limit> all = [] {
        std::array<TypePtr, simple_limit> made;
        for (const TypeCode code : simple_codes) {
            auto type = std::make_shared<Type>();
            type->code = code;
            made[static_cast<std::size_t>(code)] = std::move(type);
        }
        return made;
    }();
    return all;
}

TypePtr with_parameters(TypeCode code, std::vector<TypePtr> parameters, bool is_frozen) {
    auto type = std::make_shared<Type>();
    type->code = code;
    type->frozen = is_frozen;
    type->parameters = std::move(parameters);
    return type;
}

bool can_be_frozen(TypeCode code) {
    return code == TypeCode::list || code == TypeCode::set || code == TypeCode::map || code == TypeCode::udt;
}

// The lowest version whose metadata has this code (§4.2.5.2 of each version; v3 has no date, time, smallint and
// tinyint).
ProtocolVersion first_version_of(TypeCode code) {
    switch (code) {
        case TypeCode::date:
        case TypeCode::time:
        case TypeCode::smallint:
        case TypeCode::tinyint:
            return ProtocolVersion::v4;
        case TypeCode::duration:
            return ProtocolVersion::v5;
        default:
            return ProtocolVersion::v3;
    }
}

base::Result<TypePtr> read_nested(Reader& in, int depth);

// Appends `count` types that are read from `in`.
base::Result<void> read_parameters(Reader& in, int depth, std::size_t count, std::vector<TypePtr>& out) {
    for (std::size_t i = 0; i < count; ++i) {
        auto parameter = read_nested(in, depth + 1);
        if (!parameter) return base::fail(std::move(parameter.error()));
        out.push_back(std::move(*parameter));
    }
    return {};
}

base::Result<TypePtr> read_udt(Reader& in, int depth) {
    auto type = std::make_shared<Type>();
    type->code = TypeCode::udt;
    type->keyspace = in.string();
    type->name = in.string();
    const std::size_t count = in.short_number();
    for (std::size_t i = 0; i < count && in.ok(); ++i) {
        type->field_names.emplace_back(in.string());
        if (auto read = read_parameters(in, depth, 1, type->parameters); !read)
            return base::fail(std::move(read.error()));
    }
    return type;
}

base::Result<TypePtr> read_nested(Reader& in, int depth) {
    if (depth > deepest_nesting) return base::fail(base::ErrorKind::bad_input, "a type is nested too deeply");
    const std::uint16_t code = in.short_number();
    base::Result<TypePtr> result = TypePtr();
    std::vector<TypePtr> parameters;
    const auto read_collection = [&](std::size_t count) -> base::Result<TypePtr> {
        if (auto read = read_parameters(in, depth, count, parameters); !read)
            return base::fail(std::move(read.error()));
        return with_parameters(static_cast<TypeCode>(code), std::move(parameters), false);
    };
    switch (static_cast<TypeCode>(code)) {
        case TypeCode::custom:
            result = parse_class_name(in.string());
            break;
        case TypeCode::list:
        case TypeCode::set:
            result = read_collection(1);
            break;
        case TypeCode::map:
            result = read_collection(2);
            break;
        case TypeCode::tuple:
            result = read_collection(in.short_number());
            break;
        case TypeCode::udt:
            result = read_udt(in, depth);
            break;
        default:
            if (in.ok() && !is_simple(code))
                return base::fail(base::ErrorKind::bad_input, "type code " + std::to_string(code) + " does not exist");
            if (in.ok()) result = simple_type(static_cast<TypeCode>(code));
    }
    if (!in.ok()) return base::fail(base::ErrorKind::bad_input, "the description of a type ends too early");
    return result;
}

}  // namespace

TypePtr simple_type(TypeCode code) {
    const auto index = static_cast<std::size_t>(code);
    assert(index < simple_limit && singletons()[index]);
    return singletons()[index];
}

TypePtr list_type(TypePtr element, bool is_frozen) {
    return with_parameters(TypeCode::list, {std::move(element)}, is_frozen);
}
TypePtr set_type(TypePtr element, bool is_frozen) {
    return with_parameters(TypeCode::set, {std::move(element)}, is_frozen);
}
TypePtr map_type(TypePtr key, TypePtr value, bool is_frozen) {
    return with_parameters(TypeCode::map, {std::move(key), std::move(value)}, is_frozen);
}
TypePtr tuple_type(std::vector<TypePtr> fields) {
    return with_parameters(TypeCode::tuple, std::move(fields), false);
}

TypePtr vector_type(TypePtr element, std::int32_t dimensions) {
    auto type = std::make_shared<Type>();
    type->code = TypeCode::vector;
    type->parameters.push_back(std::move(element));
    type->dimensions = dimensions;
    return type;
}

TypePtr udt_type(std::string keyspace, std::string name, std::vector<std::string> field_names,
                 std::vector<TypePtr> fields, bool is_frozen) {
    auto type = std::make_shared<Type>();
    type->code = TypeCode::udt;
    type->frozen = is_frozen;
    type->keyspace = std::move(keyspace);
    type->name = std::move(name);
    type->field_names = std::move(field_names);
    type->parameters = std::move(fields);
    return type;
}

TypePtr custom_type(std::string class_name) {
    auto type = std::make_shared<Type>();
    type->code = TypeCode::custom;
    type->name = std::move(class_name);
    return type;
}

TypePtr frozen(const TypePtr& type) {
    if (type->parameters.empty() && !can_be_frozen(type->code)) return type;
    auto copy = std::make_shared<Type>(*type);
    copy->frozen = can_be_frozen(type->code);
    for (TypePtr& parameter : copy->parameters) parameter = frozen(parameter);
    return copy;
}

bool equal(const Type& a, const Type& b, bool compare_frozen) {
    if (&a == &b) return true;
    if (a.code != b.code || a.dimensions != b.dimensions || a.keyspace != b.keyspace || a.name != b.name) return false;
    if (a.field_names != b.field_names || a.parameters.size() != b.parameters.size()) return false;
    if (compare_frozen && can_be_frozen(a.code) && a.frozen != b.frozen) return false;
    for (std::size_t i = 0; i < a.parameters.size(); ++i)
        if (!equal(*a.parameters[i], *b.parameters[i], compare_frozen)) return false;
    return true;
}

bool is_multi_cell(const Type& type) {
    return can_be_frozen(type.code) && !type.frozen;
}

bool contains(const Type& type, TypeCode code) {
    if (type.code == code) return true;
    for (const TypePtr& parameter : type.parameters)
        if (contains(*parameter, code)) return true;
    return false;
}

base::Result<TypePtr> read_type(Reader& in) {
    return read_nested(in, 1);
}

void write_type(Writer& out, const Type& type, ProtocolVersion version) {
    const bool has_code =
        first_version_of(type.code) <= version;  // DSE's versions are above all others and have all codes
    if (type.code == TypeCode::vector || type.code == TypeCode::custom || !has_code) {
        out.short_number(static_cast<std::uint16_t>(TypeCode::custom));
        out.string(type.code == TypeCode::custom ? type.name : to_class_name(type));
        return;
    }
    out.short_number(static_cast<std::uint16_t>(type.code));
    if (type.code == TypeCode::udt) {
        out.string(type.keyspace);
        out.string(type.name);
    }
    if (type.code == TypeCode::udt || type.code == TypeCode::tuple)
        out.short_number(static_cast<std::uint16_t>(type.parameters.size()));
    for (std::size_t i = 0; i < type.parameters.size(); ++i) {
        if (type.code == TypeCode::udt) out.string(type.field_names[i]);
        write_type(out, *type.parameters[i], version);
    }
}

}  // namespace crossfade::cql
