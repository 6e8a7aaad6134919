// CQL types: their tree, their binary description in metadata (§4.2.5.2) and their names in the schema tables.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "cql/protocol.hpp"
#include "cql/wire.hpp"

namespace crossfade::cql {

enum class TypeCode : std::uint16_t {
    custom = 0x0000,
    ascii = 0x0001,
    bigint = 0x0002,
    blob = 0x0003,
    boolean = 0x0004,
    counter = 0x0005,
    decimal = 0x0006,
    double_number = 0x0007,
    float_number = 0x0008,
    int_number = 0x0009,
    timestamp = 0x000B,
    uuid = 0x000C,
    varchar = 0x000D,
    varint = 0x000E,
    timeuuid = 0x000F,
    inet = 0x0010,
    date = 0x0011,
    time = 0x0012,
    smallint = 0x0013,
    tinyint = 0x0014,
    duration = 0x0015,
    list = 0x0020,
    map = 0x0021,
    set = 0x0022,
    udt = 0x0030,
    tuple = 0x0031,
    vector = 0x0100,  // ours: on the wire a custom type named …VectorType(…, n)
};

struct Type;
using TypePtr = std::shared_ptr<const Type>;  // immutable, shared freely between threads

struct Type {
    TypeCode code = TypeCode::blob;
    bool frozen = false;                   // collections and UDTs; known from the schema tables only, not from the wire
    std::vector<TypePtr> parameters;       // list, set: 1; map: 2; tuple: n; udt: one for each field; vector: 1
    std::string keyspace, name;            // udt; custom: name is the class
    std::vector<std::string> field_names;  // udt
    std::int32_t dimensions = 0;           // vector
};

// The deepest nesting of types and values that is read: deeper input is bad_input, so recursion over a Type is bounded.
constexpr int deepest_nesting = 32;

TypePtr simple_type(TypeCode code);  // shared singletons; for codes without parameters
TypePtr list_type(TypePtr element, bool frozen = false);
TypePtr set_type(TypePtr element, bool frozen = false);
TypePtr map_type(TypePtr key, TypePtr value, bool frozen = false);
TypePtr tuple_type(std::vector<TypePtr> fields);
TypePtr vector_type(TypePtr element, std::int32_t dimensions);
TypePtr udt_type(std::string keyspace, std::string name, std::vector<std::string> field_names,
                 std::vector<TypePtr> fields, bool frozen = false);
TypePtr custom_type(std::string class_name);
// `type` with every collection and UDT in it frozen, as inside frozen<…>.
TypePtr frozen(const TypePtr& type);

// Structural. With `compare_frozen`, collections and UDTs differ when only one is frozen; tuples and vectors always
// are.
bool equal(const Type& a, const Type& b, bool compare_frozen);
// Not frozen collection or UDT: each element or field is a cell of its own, with its own writetime and TTL.
bool is_multi_cell(const Type& type);
// Whether the type is `code`, or has it anywhere in it.
bool contains(const Type& type, TypeCode code);

// CQL text: "frozen<map<text, int>>", "vector<float, 3>", quoted UDT names where needed (without their keyspace); a
// custom type is its class in single quotes. As system_schema writes it.
std::string to_cql(const Type& type);
// A user type's name as CQL takes it: in quotes where it needs them, also where the server has a type of that name.
std::string quoted_type_name(const std::string& name);

// Reads an [option] that describes a type. Depth is bounded (deepest_nesting); errors: bad_input. Custom types whose
// class has a CQL type (VectorType(…), and DurationType, SimpleDateType, … that older versions send so) come back as
// that type.
base::Result<TypePtr> read_type(Reader& in);
// Names are under 65,536 bytes, the class names of vectors too. Types that `version` has no code for are written as
// custom types: duration before v5, date, time, smallint and tinyint before v4.
void write_type(Writer& out, const Type& type, ProtocolVersion version = ProtocolVersion::v5);

// The server's class: "org.apache.cassandra.db.marshal.ListType(org.apache.cassandra.db.marshal.Int32Type)".
std::string to_class_name(const Type& type);
// The type of such a class. A class without a CQL type is a custom type, whole; bad_input when the text is no class at
// all, and when the parameters of a known class make no sense. ReversedType(x) is x.
base::Result<TypePtr> parse_class_name(std::string_view text);

// Parses a type as system_schema writes it ("frozen<list<text>>", "address", "vector<float, 3>"). UDTs are looked up
// with `find_udt(name)`, which gives nullptr when there is none: not_found error. Text that is no type: bad_input. A
// name qualified with a keyspace must be of `keyspace`.
base::Result<TypePtr> parse_cql_type(std::string_view text, const std::string& keyspace,
                                     const std::function<TypePtr(const std::string& name)>& find_udt);

}  // namespace crossfade::cql
