// CQL types: their tree, their binary description in metadata (§4.2.5.2) and their names in the schema tables.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "cql/wire.hpp"

namespace crossfade::cql {

enum class TypeCode : std::uint16_t {
    custom = 0x0000, ascii = 0x0001, bigint = 0x0002, blob = 0x0003, boolean = 0x0004, counter = 0x0005, decimal = 0x0006,
    double_number = 0x0007, float_number = 0x0008, int_number = 0x0009, timestamp = 0x000B, uuid = 0x000C, varchar = 0x000D,
    varint = 0x000E, timeuuid = 0x000F, inet = 0x0010, date = 0x0011, time = 0x0012, smallint = 0x0013, tinyint = 0x0014,
    duration = 0x0015, list = 0x0020, map = 0x0021, set = 0x0022, udt = 0x0030, tuple = 0x0031,
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

TypePtr simple_type(TypeCode code);                             // shared singletons
bool equal(const Type& a, const Type& b, bool compare_frozen);  // structural
// CQL text: "frozen<map<text, int>>", "vector<float, 3>", quoted UDT names where needed.
std::string to_cql(const Type& type);

// Reads an [option] that describes a type. Depth is bounded (32); errors: bad_input.
base::Result<TypePtr> read_type(Reader& in);
void write_type(Writer& out, const Type& type);

// Parses a type as system_schema writes it ("frozen<list<text>>", "address", "vector<float, 3>"). UDTs are looked up with
// `find_udt(name)`, which gives nullptr when there is none: not_found error. Text that is no type: bad_input.
base::Result<TypePtr> parse_cql_type(std::string_view text, const std::string& keyspace,
                                     const std::function<TypePtr(const std::string& name)>& find_udt);

}  // namespace crossfade::cql
