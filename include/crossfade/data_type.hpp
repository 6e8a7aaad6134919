// CQL types as results and prepared statements describe them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace crossfade {

namespace cql {
struct Type;
}

enum class TypeKind : std::uint8_t {
    custom,
    ascii,
    bigint,
    blob,
    boolean,
    counter,
    decimal,
    double_number,
    float_number,
    int_number,
    timestamp,
    uuid,
    text,
    varint,
    timeuuid,
    inet,
    date,
    time,
    smallint,
    tinyint,
    duration,
    list,
    map,
    set,
    udt,
    tuple,
    vector,
};

// One type. A view: valid as long as the result, the prepared statement or the metadata that gave it.
class DataType {
public:
    explicit DataType(const cql::Type& type) : type_(&type) {}

    // `custom` for a Java class that has no name in CQL.
    TypeKind kind() const noexcept;
    // Of list, set and vector: the element; of a map: key and value; of a tuple or UDT: the fields.
    std::size_t parameter_count() const noexcept;
    // Precondition: i < parameter_count().
    DataType parameter(std::size_t i) const noexcept;
    // Of a UDT: its name and its fields' names; of a custom type: its class as its name.
    std::string_view name() const noexcept;
    // Precondition: it is a UDT, i < parameter_count().
    std::string_view field_name(std::size_t i) const noexcept;
    // Of a vector.
    std::size_t dimensions() const noexcept;
    // "map<text, frozen<list<int>>>".
    std::string to_string() const;

    const cql::Type& internal() const noexcept { return *type_; }  // for this library

private:
    const cql::Type* type_;
};

}  // namespace crossfade
