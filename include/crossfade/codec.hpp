// Which C++ type stands for which CQL type, both ways:
//
//   `bool`                                    boolean
//   `std::int8_t … std::int64_t, int`         tinyint, smallint, int, bigint, counter, varint: what fits
//   `float, double`                           float, double (a double reads both)
//   `std::string, std::string_view`           text, ascii (a view shows the result's own bytes)
//   `Blob, BlobView`                          blob, and the bytes of any other type as they are
//   `Uuid, Inet, Duration, Varint, Decimal`   uuid and timeuuid, inet, duration, varint, decimal
//   `Timestamp, Date, TimeOfDay`              timestamp, date, time
//   `std::vector<T>`                          list, set, vector
//   `std::set<T>, std::unordered_set<T>`      set, list
//   `std::map<K, V>, std::unordered_map`      map
//   `std::tuple<T…>, std::pair<A, B>`         tuple
//   a mapped struct (mapping.hpp)             UDT
//   `std::optional<T>`                        T or null
//
// Other types join by specialising Codec. Every function throws Error: type_mismatch, bad_value, null_value.
#pragma once

#include <chrono>
#include <concepts>
#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "crossfade/data_type.hpp"
#include "crossfade/error.hpp"
#include "crossfade/values.hpp"

namespace crossfade {

// encode() appends the bytes of `value` as `type`, without a length. decode() reads the whole of `bytes`; what it gives
// may be a view on them only where the type itself is a view. natural_type() is the CQL type of values in statements
// that are not prepared, where nothing tells the column's.
template <class T>
struct Codec;

template <class T>
struct IsOptional : std::false_type {};
template <class T>
struct IsOptional<std::optional<T>> : std::true_type {};

namespace detail {

[[noreturn]] void throw_mismatch(DataType type, const char* cpp_type);
[[noreturn]] void throw_null(const char* where);

void encode_integer(Blob& out, DataType type, std::int64_t value);
std::int64_t decode_integer(DataType type, BlobView bytes, std::int64_t least, std::int64_t most);
void encode_real(Blob& out, DataType type, double value, bool is_float);
double decode_real(DataType type, BlobView bytes, bool is_float);
void encode_boolean(Blob& out, DataType type, bool value);
bool decode_boolean(DataType type, BlobView bytes);
void encode_text(Blob& out, DataType type, std::string_view value);
std::string_view decode_text(DataType type, BlobView bytes);
void encode_blob(Blob& out, BlobView value);

// The natural types, kept for ever.
DataType simple_type(TypeKind kind);
DataType list_of(DataType element);
DataType set_of(DataType element);
DataType map_of(DataType key, DataType value);
DataType tuple_of(const std::vector<DataType>& fields);

// Visits the elements of a list, set or vector; keys and values of a map in turn; the fields of a tuple or UDT.
// `bytes` of a null element are null. `count` is bounded by the size of the value: safe to reserve.
using VisitElement = void (*)(void* context, DataType type, const BlobView* bytes, std::size_t index,
                              std::size_t count);
void for_each_element(DataType type, BlobView bytes, VisitElement visit, void* context);
template <class Visit>
void each_element(DataType type, BlobView bytes, Visit visit) {
    for_each_element(
        type, bytes,
        [](void* context, DataType of, const BlobView* element, std::size_t index, std::size_t count) {
            (*static_cast<Visit*>(context))(of, element, index, count);
        },
        &visit);
}

// Collects elements, and writes them as one value.
class ElementWriter {
public:
    Blob& begin() { return bytes_; }  // append one element's bytes to it, then end()
    void end() {
        sizes_.push_back(static_cast<std::int32_t>(bytes_.size() - written_));
        written_ = bytes_.size();
    }
    void null() { sizes_.push_back(-1); }
    void write(Blob& out, DataType type) const;

private:
    Blob bytes_;
    std::size_t written_ = 0;
    std::vector<std::int32_t> sizes_;
};

// What a value is as a cell: its bytes, or null where T can say so.
template <class T>
T decode_cell(DataType type, const BlobView* bytes) {
    if constexpr (IsOptional<T>::value) {
        if (bytes == nullptr) return std::nullopt;
        return Codec<typename T::value_type>::decode(type, *bytes);
    } else {
        if (bytes == nullptr) throw_null("it");
        return Codec<T>::decode(type, *bytes);
    }
}

template <class T>
void write_element(ElementWriter& writer, DataType type, const T& value) {
    if constexpr (IsOptional<T>::value) {
        if (!value) {
            writer.null();
            return;
        }
        Codec<typename T::value_type>::encode(writer.begin(), type, *value);
    } else {
        Codec<T>::encode(writer.begin(), type, value);
    }
    writer.end();
}

template <class T>
DataType natural_type_of() {
    if constexpr (IsOptional<T>::value)
        return Codec<typename T::value_type>::natural_type();
    else
        return Codec<T>::natural_type();
}

inline bool is_sequence(DataType type) {
    return type.kind() == TypeKind::list || type.kind() == TypeKind::set || type.kind() == TypeKind::vector;
}

template <class Sequence>
void encode_sequence(Blob& out, DataType type, const Sequence& values) {
    if (!is_sequence(type)) throw_mismatch(type, "a sequence");
    ElementWriter writer;
    for (const typename Sequence::value_type& value : values) write_element(writer, type.parameter(0), value);
    writer.write(out, type);
}

template <class Mapping>
void encode_map(Blob& out, DataType type, const Mapping& values) {
    if (type.kind() != TypeKind::map) throw_mismatch(type, "a map");
    ElementWriter writer;
    for (const auto& [key, value] : values) {
        write_element(writer, type.parameter(0), key);
        write_element(writer, type.parameter(1), value);
    }
    writer.write(out, type);
}

template <class Mapping>
Mapping decode_map(DataType type, BlobView bytes) {
    if (type.kind() != TypeKind::map) throw_mismatch(type, "a map");
    Mapping values;
    std::optional<typename Mapping::key_type> key;
    each_element(type, bytes, [&](DataType of, const BlobView* element, std::size_t index, std::size_t) {
        if (index % 2 == 0)
            key.emplace(decode_cell<typename Mapping::key_type>(of, element));
        else
            values.insert_or_assign(std::move(*key), decode_cell<typename Mapping::mapped_type>(of, element));
    });
    return values;
}

}  // namespace detail

template <>
struct Codec<bool> {
    static DataType natural_type() { return detail::simple_type(TypeKind::boolean); }
    static void encode(Blob& out, DataType type, bool value) { detail::encode_boolean(out, type, value); }
    static bool decode(DataType type, BlobView bytes) { return detail::decode_boolean(type, bytes); }
};

template <class T>
    requires(std::signed_integral<T> && !std::same_as<T, char>)
struct Codec<T> {
    static DataType natural_type() {
        return detail::simple_type(sizeof(T) == 1   ? TypeKind::tinyint
                                   : sizeof(T) == 2 ? TypeKind::smallint
                                   : sizeof(T) == 4 ? TypeKind::int_number
                                                    : TypeKind::bigint);
    }
    static void encode(Blob& out, DataType type, T value) { detail::encode_integer(out, type, value); }
    static T decode(DataType type, BlobView bytes) {
        return static_cast<T>(
            detail::decode_integer(type, bytes, std::numeric_limits<T>::min(), std::numeric_limits<T>::max()));
    }
};

template <std::floating_point T>
    requires(sizeof(T) <= 8)
struct Codec<T> {
    static constexpr bool is_float = sizeof(T) == 4;
    static DataType natural_type() {
        return detail::simple_type(is_float ? TypeKind::float_number : TypeKind::double_number);
    }
    static void encode(Blob& out, DataType type, T value) { detail::encode_real(out, type, value, is_float); }
    static T decode(DataType type, BlobView bytes) {
        return static_cast<T>(detail::decode_real(type, bytes, is_float));
    }
};

template <>
struct Codec<std::string_view> {
    static DataType natural_type() { return detail::simple_type(TypeKind::text); }
    static void encode(Blob& out, DataType type, std::string_view value) { detail::encode_text(out, type, value); }
    static std::string_view decode(DataType type, BlobView bytes) { return detail::decode_text(type, bytes); }
};
template <>
struct Codec<std::string> : Codec<std::string_view> {
    static std::string decode(DataType type, BlobView bytes) { return std::string(detail::decode_text(type, bytes)); }
};
template <>
struct Codec<const char*> : Codec<std::string_view> {};
template <>
struct Codec<char*> : Codec<std::string_view> {};
template <std::size_t n>
struct Codec<char[n]> : Codec<std::string_view> {};

template <>
struct Codec<BlobView> {
    static DataType natural_type() { return detail::simple_type(TypeKind::blob); }
    static void encode(Blob& out, DataType, BlobView value) { detail::encode_blob(out, value); }
    static BlobView decode(DataType, BlobView bytes) { return bytes; }
};
template <>
struct Codec<Blob> : Codec<BlobView> {
    static Blob decode(DataType, BlobView bytes) { return {bytes.begin(), bytes.end()}; }
};

// Each is defined in the library.
#define CROSSFADE_VALUE_CODEC(Type)                                     \
    template <>                                                         \
    struct Codec<Type> {                                                \
        static DataType natural_type();                                 \
        static void encode(Blob& out, DataType type, const Type& value); \
        static Type decode(DataType type, BlobView bytes);              \
    };
CROSSFADE_VALUE_CODEC(Uuid)
CROSSFADE_VALUE_CODEC(Inet)
CROSSFADE_VALUE_CODEC(Duration)
CROSSFADE_VALUE_CODEC(Varint)
CROSSFADE_VALUE_CODEC(Decimal)
CROSSFADE_VALUE_CODEC(Timestamp)
CROSSFADE_VALUE_CODEC(Date)
CROSSFADE_VALUE_CODEC(TimeOfDay)
#undef CROSSFADE_VALUE_CODEC

template <class T>
    requires(!std::same_as<T, std::uint8_t>)
struct Codec<std::vector<T>> {
    static DataType natural_type() {
        static const DataType type = detail::list_of(detail::natural_type_of<T>());
        return type;
    }
    static void encode(Blob& out, DataType type, const std::vector<T>& values) {
        detail::encode_sequence(out, type, values);
    }
    static std::vector<T> decode(DataType type, BlobView bytes) {
        if (!detail::is_sequence(type)) detail::throw_mismatch(type, "std::vector");
        std::vector<T> values;
        detail::each_element(type, bytes, [&](DataType of, const BlobView* element, std::size_t i, std::size_t count) {
            if (i == 0) values.reserve(count);
            values.push_back(detail::decode_cell<T>(of, element));
        });
        return values;
    }
};

namespace detail {
template <class Set>
struct SetCodec {
    static DataType natural_type() {
        static const DataType type = set_of(natural_type_of<typename Set::value_type>());
        return type;
    }
    static void encode(Blob& out, DataType type, const Set& values) { encode_sequence(out, type, values); }
    static Set decode(DataType type, BlobView bytes) {
        if (!is_sequence(type)) throw_mismatch(type, "a set");
        Set values;
        each_element(type, bytes, [&](DataType of, const BlobView* element, std::size_t, std::size_t) {
            values.insert(decode_cell<typename Set::value_type>(of, element));
        });
        return values;
    }
};
template <class Map>
struct MapCodec {
    static DataType natural_type() {
        static const DataType type =
            map_of(natural_type_of<typename Map::key_type>(), natural_type_of<typename Map::mapped_type>());
        return type;
    }
    static void encode(Blob& out, DataType type, const Map& values) { encode_map(out, type, values); }
    static Map decode(DataType type, BlobView bytes) { return decode_map<Map>(type, bytes); }
};
}  // namespace detail

template <class T, class... More>
struct Codec<std::set<T, More...>> : detail::SetCodec<std::set<T, More...>> {};
template <class T, class... More>
struct Codec<std::unordered_set<T, More...>> : detail::SetCodec<std::unordered_set<T, More...>> {};
template <class K, class V, class... More>
struct Codec<std::map<K, V, More...>> : detail::MapCodec<std::map<K, V, More...>> {};
template <class K, class V, class... More>
struct Codec<std::unordered_map<K, V, More...>> : detail::MapCodec<std::unordered_map<K, V, More...>> {};

template <class... Fields>
struct Codec<std::tuple<Fields...>> {
    using Tuple = std::tuple<Fields...>;

    static DataType natural_type() {
        static const DataType type = detail::tuple_of({detail::natural_type_of<Fields>()...});
        return type;
    }
    static void encode(Blob& out, DataType type, const Tuple& value) {
        check(type);
        detail::ElementWriter writer;
        std::size_t i = 0;
        std::apply([&](const Fields&... field) { (detail::write_element(writer, type.parameter(i++), field), ...); },
                   value);
        writer.write(out, type);
    }
    static Tuple decode(DataType type, BlobView bytes) {
        check(type);
        Tuple value;
        std::size_t read = 0;
        detail::each_element(type, bytes, [&](DataType of, const BlobView* element, std::size_t index, std::size_t) {
            read_field(value, of, element, index, std::index_sequence_for<Fields...>());
            read = index + 1;
        });
        // Fields at the end may be missing: they were never set.
        for (; read < sizeof...(Fields); ++read)
            read_field(value, type.parameter(read), nullptr, read, std::index_sequence_for<Fields...>());
        return value;
    }

private:
    static void check(DataType type) {
        const bool has_fields = type.kind() == TypeKind::tuple || type.kind() == TypeKind::udt;
        if (!has_fields || type.parameter_count() != sizeof...(Fields)) detail::throw_mismatch(type, "std::tuple");
    }
    template <std::size_t... is>
    static void read_field(Tuple& value, DataType type, const BlobView* bytes, std::size_t index,
                           std::index_sequence<is...>) {
        ((index == is
              ? static_cast<void>(std::get<is>(value) =
                                      detail::decode_cell<std::tuple_element_t<is, Tuple>>(type, bytes))
              : void()),
         ...);
    }
};

template <class A, class B>
struct Codec<std::pair<A, B>> {
    static DataType natural_type() { return Codec<std::tuple<A, B>>::natural_type(); }
    static void encode(Blob& out, DataType type, const std::pair<A, B>& value) {
        Codec<std::tuple<A, B>>::encode(out, type, std::tuple<A, B>(value.first, value.second));
    }
    static std::pair<A, B> decode(DataType type, BlobView bytes) {
        auto [first, second] = Codec<std::tuple<A, B>>::decode(type, bytes);
        return {std::move(first), std::move(second)};
    }
};

}  // namespace crossfade
