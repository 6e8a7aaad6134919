// The CQL types of values whose column nothing tells: made once for each C++ type, and kept for ever, so that a DataType
// can be a view of them.
#include <memory>
#include <mutex>
#include <vector>

#include "cql/type.hpp"
#include "crossfade/codec.hpp"

namespace crossfade::detail {
namespace {

DataType kept(cql::TypePtr type) {
    static std::mutex mutex;
    // Never destroyed: other static objects may still use its types when the program ends.
    static auto* const all = new std::vector<cql::TypePtr>();
    const std::lock_guard lock(mutex);
    all->push_back(type);
    return DataType(*type);
}

// Without an owner of its own: what a DataType shows outlives everything here.
cql::TypePtr shared(DataType type) {
    return cql::TypePtr(cql::TypePtr(), &type.internal());
}

cql::TypeCode code_of(TypeKind kind) {
    switch (kind) {
        case TypeKind::ascii:
            return cql::TypeCode::ascii;
        case TypeKind::bigint:
            return cql::TypeCode::bigint;
        case TypeKind::boolean:
            return cql::TypeCode::boolean;
        case TypeKind::counter:
            return cql::TypeCode::counter;
        case TypeKind::decimal:
            return cql::TypeCode::decimal;
        case TypeKind::double_number:
            return cql::TypeCode::double_number;
        case TypeKind::float_number:
            return cql::TypeCode::float_number;
        case TypeKind::int_number:
            return cql::TypeCode::int_number;
        case TypeKind::timestamp:
            return cql::TypeCode::timestamp;
        case TypeKind::uuid:
            return cql::TypeCode::uuid;
        case TypeKind::text:
            return cql::TypeCode::varchar;
        case TypeKind::varint:
            return cql::TypeCode::varint;
        case TypeKind::timeuuid:
            return cql::TypeCode::timeuuid;
        case TypeKind::inet:
            return cql::TypeCode::inet;
        case TypeKind::date:
            return cql::TypeCode::date;
        case TypeKind::time:
            return cql::TypeCode::time;
        case TypeKind::smallint:
            return cql::TypeCode::smallint;
        case TypeKind::tinyint:
            return cql::TypeCode::tinyint;
        case TypeKind::duration:
            return cql::TypeCode::duration;
        default:
            return cql::TypeCode::blob;
    }
}

}  // namespace

DataType simple_type(TypeKind kind) {
    return DataType(*cql::simple_type(code_of(kind)));
}
DataType list_of(DataType element) {
    return kept(cql::list_type(shared(element)));
}
DataType set_of(DataType element) {
    return kept(cql::set_type(shared(element)));
}
DataType map_of(DataType key, DataType value) {
    return kept(cql::map_type(shared(key), shared(value)));
}
DataType tuple_of(const std::vector<DataType>& fields) {
    std::vector<cql::TypePtr> types;
    for (const DataType field : fields) types.push_back(shared(field));
    return kept(cql::tuple_type(std::move(types)));
}

}  // namespace crossfade::detail
