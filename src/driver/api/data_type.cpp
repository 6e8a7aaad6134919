#include "crossfade/data_type.hpp"

#include "cql/type.hpp"

namespace crossfade {

TypeKind DataType::kind() const noexcept {
    switch (type_->code) {
        case cql::TypeCode::ascii:
            return TypeKind::ascii;
        case cql::TypeCode::bigint:
            return TypeKind::bigint;
        case cql::TypeCode::blob:
            return TypeKind::blob;
        case cql::TypeCode::boolean:
            return TypeKind::boolean;
        case cql::TypeCode::counter:
            return TypeKind::counter;
        case cql::TypeCode::decimal:
            return TypeKind::decimal;
        case cql::TypeCode::double_number:
            return TypeKind::double_number;
        case cql::TypeCode::float_number:
            return TypeKind::float_number;
        case cql::TypeCode::int_number:
            return TypeKind::int_number;
        case cql::TypeCode::timestamp:
            return TypeKind::timestamp;
        case cql::TypeCode::uuid:
            return TypeKind::uuid;
        case cql::TypeCode::varchar:
            return TypeKind::text;
        case cql::TypeCode::varint:
            return TypeKind::varint;
        case cql::TypeCode::timeuuid:
            return TypeKind::timeuuid;
        case cql::TypeCode::inet:
            return TypeKind::inet;
        case cql::TypeCode::date:
            return TypeKind::date;
        case cql::TypeCode::time:
            return TypeKind::time;
        case cql::TypeCode::smallint:
            return TypeKind::smallint;
        case cql::TypeCode::tinyint:
            return TypeKind::tinyint;
        case cql::TypeCode::duration:
            return TypeKind::duration;
        case cql::TypeCode::list:
            return TypeKind::list;
        case cql::TypeCode::map:
            return TypeKind::map;
        case cql::TypeCode::set:
            return TypeKind::set;
        case cql::TypeCode::udt:
            return TypeKind::udt;
        case cql::TypeCode::tuple:
            return TypeKind::tuple;
        case cql::TypeCode::vector:
            return TypeKind::vector;
        case cql::TypeCode::custom:
            break;
    }
    return TypeKind::custom;
}

std::size_t DataType::parameter_count() const noexcept {
    return type_->parameters.size();
}
DataType DataType::parameter(std::size_t i) const noexcept {
    return DataType(*type_->parameters[i]);
}
std::string_view DataType::name() const noexcept {
    return type_->name;
}
std::string_view DataType::field_name(std::size_t i) const noexcept {
    return i < type_->field_names.size() ? std::string_view(type_->field_names[i]) : std::string_view();
}
std::size_t DataType::dimensions() const noexcept {
    return static_cast<std::size_t>(type_->dimensions);
}
std::string DataType::to_string() const {
    return cql::to_cql(*type_);
}

}  // namespace crossfade
