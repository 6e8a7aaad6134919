#include "crossfade/codec.hpp"

#include "cql/elements.hpp"
#include "cql/scalars.hpp"
#include "crossfade/mapping.hpp"

namespace crossfade {
namespace {

using cql::TypeCode;

TypeCode code(DataType type) {
    return type.internal().code;
}

[[noreturn]] void throw_bad(DataType type, const base::Error& why) {
    throw Error(ErrorCode::bad_value, "no " + type.to_string() + ": " + why.message);
}

template <class T>
T or_throw(DataType type, base::Result<T> result) {
    if (!result) throw_bad(type, result.error());
    return std::move(*result);
}

void expect(DataType type, bool fits, const char* cpp_type) {
    if (!fits) detail::throw_mismatch(type, cpp_type);
}

[[noreturn]] void throw_range(DataType type, std::int64_t value) {
    throw Error(ErrorCode::bad_value, std::to_string(value) + " does not fit into a " + type.to_string());
}

std::int64_t read_integer(DataType type, BlobView bytes) {
    switch (code(type)) {
        case TypeCode::tinyint:
            return or_throw(type, cql::decode_tinyint(bytes));
        case TypeCode::smallint:
            return or_throw(type, cql::decode_smallint(bytes));
        case TypeCode::int_number:
            return or_throw(type, cql::decode_int(bytes));
        case TypeCode::bigint:
        case TypeCode::counter:
            return or_throw(type, cql::decode_bigint(bytes));
        case TypeCode::varint: {
            Varint value;
            value.bytes = or_throw(type, cql::decode_varint(bytes)).bytes;
            const auto number = value.to_int64();
            if (!number) throw Error(ErrorCode::bad_value, "the varint has more than 64 bits: read it as a Varint");
            return *number;
        }
        default:
            detail::throw_mismatch(type, "an integer");
    }
}

}  // namespace

namespace detail {

void throw_mismatch(DataType type, const char* cpp_type) {
    throw Error(ErrorCode::type_mismatch, std::string(cpp_type) + " does not stand for " + type.to_string());
}
void throw_null(const char* where) {
    throw Error(ErrorCode::null_value, std::string(where) + " is null: use std::optional");
}
void throw_no_field(DataType type, std::string_view name) {
    throw Error(ErrorCode::no_column, type.to_string() + " has no field '" + std::string(name) + "'");
}

void encode_integer(Blob& out, DataType type, std::int64_t value) {
    const auto narrow = [&]<class T>(T) {
        if (value < std::numeric_limits<T>::min() || value > std::numeric_limits<T>::max()) throw_range(type, value);
        return static_cast<T>(value);
    };
    switch (code(type)) {
        case TypeCode::tinyint:
            return cql::encode_tinyint(out, narrow(std::int8_t{}));
        case TypeCode::smallint:
            return cql::encode_smallint(out, narrow(std::int16_t{}));
        case TypeCode::int_number:
            return cql::encode_int(out, narrow(std::int32_t{}));
        case TypeCode::bigint:
        case TypeCode::counter:
            return cql::encode_bigint(out, value);
        case TypeCode::varint:
            return cql::encode_varint(out, cql::to_varint(value));
        default:
            throw_mismatch(type, "an integer");
    }
}

std::int64_t decode_integer(DataType type, BlobView bytes, std::int64_t least, std::int64_t most) {
    const std::int64_t value = read_integer(type, bytes);
    if (value < least || value > most)
        throw Error(ErrorCode::bad_value, std::to_string(value) + " does not fit into the C++ integer");
    return value;
}

void encode_real(Blob& out, DataType type, double value, bool is_float) {
    if (code(type) == TypeCode::double_number) return cql::encode_double(out, value);
    // Digits would be lost without a word.
    expect(type, code(type) == TypeCode::float_number && is_float, is_float ? "float" : "double");
    cql::encode_float(out, static_cast<float>(value));
}
double decode_real(DataType type, BlobView bytes, bool is_float) {
    if (code(type) == TypeCode::float_number) return static_cast<double>(or_throw(type, cql::decode_float(bytes)));
    expect(type, code(type) == TypeCode::double_number && !is_float, is_float ? "float" : "double");
    return or_throw(type, cql::decode_double(bytes));
}

void encode_boolean(Blob& out, DataType type, bool value) {
    expect(type, code(type) == TypeCode::boolean, "bool");
    cql::encode_boolean(out, value);
}
bool decode_boolean(DataType type, BlobView bytes) {
    expect(type, code(type) == TypeCode::boolean, "bool");
    return or_throw(type, cql::decode_boolean(bytes));
}

void encode_text(Blob& out, DataType type, std::string_view value) {
    expect(type, code(type) == TypeCode::varchar || code(type) == TypeCode::ascii, "text");
    cql::encode_text(out, value);
}
std::string_view decode_text(DataType type, BlobView bytes) {
    if (code(type) == TypeCode::varchar) return or_throw(type, cql::decode_text(bytes));
    expect(type, code(type) == TypeCode::ascii, "text");
    return or_throw(type, cql::decode_ascii(bytes));
}

void encode_blob(Blob& out, BlobView value) {
    cql::encode_blob(out, value);
}

void for_each_element(DataType type, BlobView bytes, VisitElement visit, void* context) {
    cql::ElementCursor cursor(type.internal(), bytes);
    while (cursor.next()) {
        const cql::ValueView& element = cursor.element();
        visit(context, DataType(cursor.element_type()), element.is_null() ? nullptr : &element.bytes, cursor.index(),
              cursor.count());
    }
    const auto status = cursor.status();
    if (!status) throw_bad(type, status.error());
}

void ElementWriter::write(Blob& out, DataType type) const {
    std::vector<cql::ValueView> elements;
    elements.reserve(sizes_.size());
    std::size_t at = 0;
    for (const std::int32_t size : sizes_) {
        if (size < 0) {
            elements.emplace_back();
            continue;
        }
        const auto length = static_cast<std::size_t>(size);
        elements.push_back({cql::ValueView::State::bytes, BlobView(bytes_).subspan(at, length)});
        at += length;
    }
    const auto appended = cql::append_elements(out, type.internal(), elements);
    if (!appended) throw_bad(type, appended.error());
}

}  // namespace detail

DataType Codec<Uuid>::natural_type() {
    return detail::simple_type(TypeKind::uuid);
}
void Codec<Uuid>::encode(Blob& out, DataType type, const Uuid& value) {
    expect(type, code(type) == TypeCode::uuid || code(type) == TypeCode::timeuuid, "Uuid");
    cql::encode_uuid(out, value.bytes);
}
Uuid Codec<Uuid>::decode(DataType type, BlobView bytes) {
    expect(type, code(type) == TypeCode::uuid || code(type) == TypeCode::timeuuid, "Uuid");
    return Uuid{or_throw(type, cql::decode_uuid(bytes))};
}

DataType Codec<Inet>::natural_type() {
    return detail::simple_type(TypeKind::inet);
}
void Codec<Inet>::encode(Blob& out, DataType type, const Inet& value) {
    expect(type, code(type) == TypeCode::inet, "Inet");
    cql::encode_inet(out, cql::Inet{value.size, value.bytes});
}
Inet Codec<Inet>::decode(DataType type, BlobView bytes) {
    expect(type, code(type) == TypeCode::inet, "Inet");
    const cql::Inet value = or_throw(type, cql::decode_inet(bytes));
    return Inet{value.bytes, value.size};
}

DataType Codec<Duration>::natural_type() {
    return detail::simple_type(TypeKind::duration);
}
void Codec<Duration>::encode(Blob& out, DataType type, const Duration& value) {
    expect(type, code(type) == TypeCode::duration, "Duration");
    cql::encode_duration(out, cql::Duration{value.months, value.days, value.nanoseconds});
}
Duration Codec<Duration>::decode(DataType type, BlobView bytes) {
    expect(type, code(type) == TypeCode::duration, "Duration");
    const cql::Duration value = or_throw(type, cql::decode_duration(bytes));
    return Duration{value.months, value.days, value.nanoseconds};
}

DataType Codec<Varint>::natural_type() {
    return detail::simple_type(TypeKind::varint);
}
void Codec<Varint>::encode(Blob& out, DataType type, const Varint& value) {
    expect(type, code(type) == TypeCode::varint, "Varint");
    cql::encode_varint(out, cql::Varint{value.bytes});
}
Varint Codec<Varint>::decode(DataType type, BlobView bytes) {
    expect(type, code(type) == TypeCode::varint, "Varint");
    Varint value;
    value.bytes = or_throw(type, cql::decode_varint(bytes)).bytes;
    return value;
}

DataType Codec<Decimal>::natural_type() {
    return detail::simple_type(TypeKind::decimal);
}
void Codec<Decimal>::encode(Blob& out, DataType type, const Decimal& value) {
    expect(type, code(type) == TypeCode::decimal, "Decimal");
    cql::encode_decimal(out, cql::Decimal{value.scale, cql::Varint{value.unscaled.bytes}});
}
Decimal Codec<Decimal>::decode(DataType type, BlobView bytes) {
    expect(type, code(type) == TypeCode::decimal, "Decimal");
    cql::Decimal read = or_throw(type, cql::decode_decimal(bytes));
    Decimal value;
    value.unscaled.bytes = std::move(read.unscaled.bytes);
    value.scale = read.scale;
    return value;
}

DataType Codec<Timestamp>::natural_type() {
    return detail::simple_type(TypeKind::timestamp);
}
void Codec<Timestamp>::encode(Blob& out, DataType type, const Timestamp& value) {
    expect(type, code(type) == TypeCode::timestamp, "Timestamp");
    cql::encode_timestamp(out, cql::Timestamp{value.time_since_epoch().count()});
}
Timestamp Codec<Timestamp>::decode(DataType type, BlobView bytes) {
    expect(type, code(type) == TypeCode::timestamp, "Timestamp");
    return Timestamp(std::chrono::milliseconds(or_throw(type, cql::decode_timestamp(bytes)).milliseconds));
}

DataType Codec<Date>::natural_type() {
    return detail::simple_type(TypeKind::date);
}
void Codec<Date>::encode(Blob& out, DataType type, const Date& value) {
    expect(type, code(type) == TypeCode::date, "Date");
    const std::int64_t days = value.time_since_epoch().count();
    if (days < std::numeric_limits<std::int32_t>::min() || days > std::numeric_limits<std::int32_t>::max())
        throw_range(type, days);
    cql::encode_date(out, cql::Date{static_cast<std::int32_t>(days)});
}
Date Codec<Date>::decode(DataType type, BlobView bytes) {
    expect(type, code(type) == TypeCode::date, "Date");
    return Date(std::chrono::days(or_throw(type, cql::decode_date(bytes)).days));
}

DataType Codec<TimeOfDay>::natural_type() {
    return detail::simple_type(TypeKind::time);
}
void Codec<TimeOfDay>::encode(Blob& out, DataType type, const TimeOfDay& value) {
    expect(type, code(type) == TypeCode::time, "TimeOfDay");
    cql::encode_time(out, cql::Time{value.count()});
}
TimeOfDay Codec<TimeOfDay>::decode(DataType type, BlobView bytes) {
    expect(type, code(type) == TypeCode::time, "TimeOfDay");
    return TimeOfDay(or_throw(type, cql::decode_time(bytes)).nanoseconds);
}

}  // namespace crossfade
