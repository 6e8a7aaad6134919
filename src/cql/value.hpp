// A CQL value as a tree of native values: for whoever looks into values whose type is known only at run time. To
// compare or copy values, compare or copy their bytes.
#pragma once

#include <cstdint>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "base/result.hpp"
#include "cql/scalars.hpp"
#include "cql/type.hpp"
#include "cql/wire.hpp"

namespace crossfade::cql {

struct Value;
struct MapEntry;

struct Null {
    bool operator==(const Null&) const = default;
};
// A value of no bytes of a type that is not text: legal for many types, and not null.
struct Empty {
    bool operator==(const Empty&) const = default;
};
struct Sequence {  // list, set, vector
    std::vector<Value> elements;
    bool operator==(const Sequence& other) const;
};
struct Mapping {  // map, in the order of the wire
    std::vector<MapEntry> entries;
    bool operator==(const Mapping& other) const;
};
struct Fields {  // tuple, UDT: fields that are missing at the end were added to the type later, or never set
    std::vector<Value> values;
    bool operator==(const Fields& other) const;
};

// Which native type stands for which CQL type:
//   bool boolean · int8_t tinyint · int16_t smallint · int32_t int · int64_t bigint, counter · float, double ·
//   std::string ascii, text Bytes blob, custom · Uuid uuid, timeuuid · Inet · Date · Time · Timestamp · Duration ·
//   Varint · Decimal · Sequence · Mapping · Fields
using ValueData =
    std::variant<Null, Empty, bool, std::int8_t, std::int16_t, std::int32_t, std::int64_t, float, double, std::string,
                 Bytes, Uuid, Inet, Date, Time, Timestamp, Duration, Varint, Decimal, Sequence, Mapping, Fields>;

namespace detail {
template <class T, class Variant>
struct IsAlternative;
template <class T, class... Each>
struct IsAlternative<T, std::variant<Each...>> : std::disjunction<std::is_same<T, Each>...> {};
}  // namespace detail

struct Value {
    ValueData data;

    Value() = default;  // null
    // From exactly one of the alternatives: Value(std::int32_t{5}), Value(Sequence{…}).
    template <class T>
        requires detail::IsAlternative<std::remove_cvref_t<T>, ValueData>::value
    Value(T&& value) : data(std::forward<T>(value)) {}  // NOLINT(google-explicit-constructor)
    Value(const char* text);                            // NOLINT(google-explicit-constructor)

    bool is_null() const { return std::holds_alternative<Null>(data); }
    bool is_empty() const { return std::holds_alternative<Empty>(data); }
    template <class T>
    const T& as() const {
        return std::get<T>(data);
    }
    template <class T>
    const T* find() const {
        return std::get_if<T>(&data);
    }
    // Structural; floats by their bits, so that NaN is equal to itself and -0.0 differs from 0.0.
    bool operator==(const Value& other) const;
};

struct MapEntry {
    Value key;
    Value value;
    bool operator==(const MapEntry& other) const = default;
};

inline Value::Value(const char* text) : data(std::string(text)) {}  // here, because clang wants MapEntry complete

// The value of `bytes`. bad_input when they are no value of the type; nothing is allocated from a length that the bytes
// do not bear out.
base::Result<Value> decode(const Type& type, ByteView bytes);
// As above for a cell: null is Value(); "not set" is bad_input.
base::Result<Value> decode(const Type& type, const ValueView& cell);
// Appends the bytes of a value. bad_input when it is null or does not fit the type.
base::Result<void> encode(Bytes& out, const Type& type, const Value& value);
// The same, alone.
base::Result<Bytes> encode(const Type& type, const Value& value);
// Whether decode() takes them, without making a tree: what a server takes from a client (compared with 4.1 and 5.0),
// and, where those differ with where it stands, a little more: nulls in collections, lenient UTF-8 in collections.
// Values of custom types are not judged.
base::Result<void> validate(const Type& type, ByteView bytes);

}  // namespace crossfade::cql
