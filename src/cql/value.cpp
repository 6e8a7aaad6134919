#include "cql/value.hpp"

#include <algorithm>
#include <bit>

#include "cql/elements.hpp"
#include "cql/vint.hpp"

namespace crossfade::cql {

namespace {

// Which types may have no bytes, as 4.1 and 5.0 nodes take them from a client. Records without bytes are records
// without fields.
bool may_be_empty(TypeCode code) {
    switch (code) {
        case TypeCode::bigint:
        case TypeCode::boolean:
        case TypeCode::counter:
        case TypeCode::decimal:
        case TypeCode::double_number:
        case TypeCode::float_number:
        case TypeCode::inet:
        case TypeCode::int_number:
        case TypeCode::timestamp:
        case TypeCode::timeuuid:
        case TypeCode::uuid:
        case TypeCode::varint:
            return true;
        default:
            return false;
    }
}

bool is_map(const Type& type) {
    return type.code == TypeCode::map;
}
bool is_record(const Type& type) {
    return type.code == TypeCode::tuple || type.code == TypeCode::udt;
}
bool has_elements(const Type& type) {
    return is_record(type) || is_map(type) || type.code == TypeCode::list || type.code == TypeCode::set ||
           type.code == TypeCode::vector;
}

// Calls `take` with the native value of a scalar; its Result is passed on.
template <class Take>
auto with_scalar(const Type& type, ByteView bytes, Take take) -> decltype(take(std::int32_t{})) {
    const auto pass = [&](auto result) -> decltype(take(std::int32_t{})) {
        if (!result) return base::fail(std::move(result.error()));
        return take(std::move(*result));
    };
    switch (type.code) {
        case TypeCode::ascii:
            return pass(decode_ascii(bytes));
        case TypeCode::varchar:
            return pass(decode_text(bytes));
        case TypeCode::bigint:
        case TypeCode::counter:
            return pass(decode_bigint(bytes));
        case TypeCode::boolean:
            return pass(decode_boolean(bytes));
        case TypeCode::decimal:
            return pass(decode_decimal(bytes));
        case TypeCode::double_number:
            return pass(decode_double(bytes));
        case TypeCode::float_number:
            return pass(decode_float(bytes));
        case TypeCode::int_number:
            return pass(decode_int(bytes));
        case TypeCode::timestamp:
            return pass(decode_timestamp(bytes));
        case TypeCode::uuid:
            return pass(decode_uuid(bytes));
        case TypeCode::timeuuid:
            return pass(decode_timeuuid(bytes));
        case TypeCode::varint:
            return pass(decode_varint(bytes));
        case TypeCode::inet:
            return pass(decode_inet(bytes));
        case TypeCode::date:
            return pass(decode_date(bytes));
        case TypeCode::time:
            return pass(decode_time(bytes));
        case TypeCode::smallint:
            return pass(decode_smallint(bytes));
        case TypeCode::tinyint:
            return pass(decode_tinyint(bytes));
        case TypeCode::duration:
            return pass(decode_duration(bytes));
        default:
            return take(bytes);  // blob and custom
    }
}

tl::unexpected<base::Error> too_deep() {
    return base::fail(base::ErrorKind::bad_input, "a value is nested too deeply");
}

base::Result<void> check_nesting(const Type& type, int depth) {
    if (depth > deepest_nesting) return too_deep();
    if (type.code == TypeCode::vector && type.dimensions < 1)
        return base::fail(base::ErrorKind::bad_input, "a vector has no dimensions");
    return {};
}

base::Result<Value> decode_nested(const Type& type, ByteView bytes, int depth) {
    if (auto checked = check_nesting(type, depth); !checked) return base::fail(std::move(checked.error()));
    if (bytes.empty() && may_be_empty(type.code)) return Value(Empty{});
    if (!has_elements(type)) {
        return with_scalar(type, bytes, [](auto native) -> base::Result<Value> {
            using Native = decltype(native);
            if constexpr (std::is_same_v<Native, std::string_view>) {
                return Value(std::string(native));
            } else if constexpr (std::is_same_v<Native, ByteView>) {
                return Value(Bytes(native.begin(), native.end()));
            } else {
                return Value(std::move(native));
            }
        });
    }
    ElementCursor cursor(type, bytes);
    std::vector<Value> elements;
    elements.reserve(is_record(type) ? 0 : cursor.count());
    while (cursor.next()) {
        if (cursor.element().is_null()) {
            elements.emplace_back();
            continue;
        }
        auto element = decode_nested(cursor.element_type(), cursor.element().bytes, depth + 1);
        if (!element) return element;
        elements.push_back(std::move(*element));
    }
    if (auto status = cursor.status(); !status) return base::fail(std::move(status.error()));
    if (is_record(type)) return Value(Fields{std::move(elements)});
    if (!is_map(type)) return Value(Sequence{std::move(elements)});
    Mapping mapping;
    mapping.entries.reserve(elements.size() / 2);
    for (std::size_t i = 0; i + 1 < elements.size(); i += 2)
        mapping.entries.push_back({std::move(elements[i]), std::move(elements[i + 1])});
    return Value(std::move(mapping));
}

base::Result<void> validate_nested(const Type& type, ByteView bytes, int depth) {
    if (auto checked = check_nesting(type, depth); !checked) return checked;
    if (bytes.empty() && may_be_empty(type.code)) return {};
    if (!has_elements(type)) return with_scalar(type, bytes, [](auto&&) -> base::Result<void> { return {}; });
    ElementCursor cursor(type, bytes);
    while (cursor.next()) {
        if (cursor.element().is_null()) continue;
        if (auto element = validate_nested(cursor.element_type(), cursor.element().bytes, depth + 1); !element)
            return element;
    }
    return cursor.status();
}

// Puts native values of a scalar type into bytes; any other type of value is a mismatch.
class ScalarEncoder {
public:
    ScalarEncoder(Bytes& out, const Type& type) : out_(out), code_(type.code) {}

    bool operator()(bool value) { return is(TypeCode::boolean) && (encode_boolean(out_, value), true); }
    bool operator()(std::int8_t value) { return is(TypeCode::tinyint) && (encode_tinyint(out_, value), true); }
    bool operator()(std::int16_t value) { return is(TypeCode::smallint) && (encode_smallint(out_, value), true); }
    bool operator()(std::int32_t value) { return is(TypeCode::int_number) && (encode_int(out_, value), true); }
    bool operator()(std::int64_t value) {
        return (is(TypeCode::bigint) || is(TypeCode::counter)) && (encode_bigint(out_, value), true);
    }
    bool operator()(float value) { return is(TypeCode::float_number) && (encode_float(out_, value), true); }
    bool operator()(double value) { return is(TypeCode::double_number) && (encode_double(out_, value), true); }
    bool operator()(const std::string& value) {
        const bool fits = (is(TypeCode::ascii) && decode_ascii(base::bytes_of(value))) ||
                          (is(TypeCode::varchar) && is_server_utf8(value));
        return fits && (encode_text(out_, value), true);
    }
    bool operator()(const Bytes& value) {
        return (is(TypeCode::blob) || is(TypeCode::custom)) && (encode_blob(out_, value), true);
    }
    bool operator()(const Uuid& value) {
        return (is(TypeCode::uuid) || (is(TypeCode::timeuuid) && (value[6] >> 4) == 1)) &&
               (encode_uuid(out_, value), true);
    }
    bool operator()(const Inet& value) {
        return is(TypeCode::inet) && (value.size == 4 || value.size == 16) && (encode_inet(out_, value), true);
    }
    bool operator()(const Date& value) { return is(TypeCode::date) && (encode_date(out_, value), true); }
    bool operator()(const Time& value) { return is(TypeCode::time) && (encode_time(out_, value), true); }
    bool operator()(const Timestamp& value) { return is(TypeCode::timestamp) && (encode_timestamp(out_, value), true); }
    bool operator()(const Duration& value) {
        Bytes bytes;
        encode_duration(bytes, value);
        return is(TypeCode::duration) && decode_duration(bytes) && (base::append(out_, bytes), true);
    }
    bool operator()(const Varint& value) {
        return is(TypeCode::varint) && !value.bytes.empty() && (encode_varint(out_, value), true);
    }
    bool operator()(const Decimal& value) {
        return is(TypeCode::decimal) && !value.unscaled.bytes.empty() && (encode_decimal(out_, value), true);
    }
    bool operator()(const Empty&) { return may_be_empty(code_); }
    template <class Other>
    bool operator()(const Other&) {
        return false;
    }

private:
    bool is(TypeCode code) const { return code_ == code; }
    Bytes& out_;
    TypeCode code_;
};

base::Result<void> encode_nested(Bytes& out, const Type& type, const Value& value, int depth);

// The elements of a value in the order of the wire, when it is one of `type`.
base::Result<std::vector<const Value*>> elements_of(const Type& type, const Value& value) {
    std::vector<const Value*> elements;
    if (is_map(type)) {
        if (const auto* mapping = value.find<Mapping>()) {
            for (const MapEntry& entry : mapping->entries) {
                elements.push_back(&entry.key);
                elements.push_back(&entry.value);
            }
            return elements;
        }
    } else if (is_record(type)) {
        if (const auto* fields = value.find<Fields>()) {
            for (const Value& field : fields->values) elements.push_back(&field);
            return elements;
        }
    } else if (const auto* sequence = value.find<Sequence>()) {
        for (const Value& element : sequence->elements) elements.push_back(&element);
        return elements;
    }
    return base::fail(base::ErrorKind::bad_input, "a value is not of type " + to_cql(type));
}

base::Result<void> encode_elements(Bytes& out, const Type& type, const Value& value, int depth) {
    auto elements = elements_of(type, value);
    if (!elements) return base::fail(std::move(elements.error()));
    std::vector<Bytes> encoded(elements->size());
    std::vector<ValueView> views(elements->size());
    for (std::size_t i = 0; i < views.size(); ++i) {
        const Value& element = *(*elements)[i];
        if (element.is_null()) continue;
        if (is_record(type) && i >= type.parameters.size()) break;  // append_elements says so
        const Type& element_type = *type.parameters[is_record(type) ? i : is_map(type) ? i % 2 : 0];
        if (auto done = encode_nested(encoded[i], element_type, element, depth + 1); !done) return done;
        views[i] = {ValueView::State::bytes, encoded[i]};
    }
    return append_elements(out, type, views);
}

base::Result<void> encode_nested(Bytes& out, const Type& type, const Value& value, int depth) {
    if (auto checked = check_nesting(type, depth); !checked) return checked;
    if (has_elements(type)) return encode_elements(out, type, value, depth);
    if (!std::visit(ScalarEncoder(out, type), value.data))
        return base::fail(base::ErrorKind::bad_input, "a value is not of type " + to_cql(type));
    return {};
}

}  // namespace

bool Sequence::operator==(const Sequence& other) const {
    return elements == other.elements;
}
bool Mapping::operator==(const Mapping& other) const {
    return entries == other.entries;
}
bool Fields::operator==(const Fields& other) const {
    return values == other.values;
}

bool Value::operator==(const Value& other) const {
    if (data.index() != other.data.index()) return false;
    if (const auto* number = find<float>())
        return std::bit_cast<std::uint32_t>(*number) == std::bit_cast<std::uint32_t>(other.as<float>());
    if (const auto* number = find<double>())
        return std::bit_cast<std::uint64_t>(*number) == std::bit_cast<std::uint64_t>(other.as<double>());
    return data == other.data;
}

base::Result<Value> decode(const Type& type, ByteView bytes) {
    return decode_nested(type, bytes, 1);
}

base::Result<Value> decode(const Type& type, const ValueView& cell) {
    if (cell.is_null()) return Value();
    if (cell.is_unset()) return base::fail(base::ErrorKind::bad_input, "a value that is not set cannot be decoded");
    return decode(type, cell.bytes);
}

base::Result<void> encode(Bytes& out, const Type& type, const Value& value) {
    const std::size_t before = out.size();
    auto done = encode_nested(out, type, value, 1);
    if (!done) out.resize(before);
    return done;
}

base::Result<Bytes> encode(const Type& type, const Value& value) {
    Bytes bytes;
    if (auto done = encode(bytes, type, value); !done) return base::fail(std::move(done.error()));
    return bytes;
}

base::Result<void> validate(const Type& type, ByteView bytes) {
    return validate_nested(type, bytes, 1);
}

}  // namespace crossfade::cql
