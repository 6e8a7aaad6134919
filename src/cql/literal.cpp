#include "cql/literal.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

#include "cql/elements.hpp"
#include "cql/scalar_text.hpp"
#include "cql/statement.hpp"
#include "cql/value.hpp"

namespace crossfade::cql {

namespace {

// Decimal digits take time with the square of the size; past this many bytes a number is written in hexadecimal.
constexpr std::size_t largest_decimal_bytes = 1024;

std::string single_quoted(std::string_view text) {
    std::string out = "'";
    for (const char c : text) {
        if (c == '\'') out += '\'';
        out += c;
    }
    return out + '\'';
}

std::string json_string(std::string_view text) {
    std::string out = "\"";
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        switch (c) {
            case '"':
                out += "\\\"";
                break;
            case '\\':
                out += "\\\\";
                break;
            case '\n':
                out += "\\n";
                break;
            case '\r':
                out += "\\r";
                break;
            case '\t':
                out += "\\t";
                break;
            default:
                if (byte < 0x20 || byte == 0x7F) {
                    constexpr std::string_view digits = "0123456789abcdef";
                    out += "\\u00";
                    out += digits[byte >> 4];
                    out += digits[byte & 15];
                } else {
                    out += c;
                }
        }
    }
    return out + '"';
}

// The server reads "::ffff:1.2.3.4" and the like as IPv4.
bool is_mapped_ipv4(const Inet& inet) {
    for (std::size_t i = 0; i < 10; ++i)
        if (inet.bytes[i] != 0) return false;
    return inet.size == 16 && inet.bytes[10] == 0xFF && inet.bytes[11] == 0xFF;
}

bool is_plain(float value) {
    return !std::isnan(value) || std::bit_cast<std::uint32_t>(value) == 0x7FC00000U;
}
bool is_plain(double value) {
    return !std::isnan(value) || std::bit_cast<std::uint64_t>(value) == 0x7FF8000000000000U;
}

// The plain literal of a scalar; empty when there is none that says the same.
struct PlainLiteral {
    std::string operator()(bool value) const { return value ? "true" : "false"; }
    std::string operator()(std::int8_t value) const { return std::to_string(value); }
    std::string operator()(std::int16_t value) const { return std::to_string(value); }
    std::string operator()(std::int32_t value) const { return std::to_string(value); }
    std::string operator()(std::int64_t value) const { return std::to_string(value); }
    std::string operator()(float value) const { return is_plain(value) ? float_text(value) : ""; }
    std::string operator()(double value) const { return is_plain(value) ? double_text(value) : ""; }
    std::string operator()(const std::string& value) const { return is_utf8(value) ? single_quoted(value) : ""; }
    std::string operator()(const Bytes& value) const { return hex_text(value); }
    std::string operator()(const Uuid& value) const { return uuid_text(value); }
    std::string operator()(const Inet& value) const {
        return is_mapped_ipv4(value) ? "" : single_quoted(inet_text(value));
    }
    std::string operator()(const Date& value) const { return is_usual(value) ? single_quoted(date_text(value)) : ""; }
    std::string operator()(const Time& value) const { return is_usual(value) ? single_quoted(time_text(value)) : ""; }
    std::string operator()(const Timestamp& value) const { return std::to_string(value.milliseconds); }
    std::string operator()(const Duration& value) const {
        const bool has_magnitude = value.months != std::numeric_limits<std::int32_t>::min() &&
                                   value.days != std::numeric_limits<std::int32_t>::min() &&
                                   value.nanoseconds != std::numeric_limits<std::int64_t>::min();
        return has_magnitude ? duration_text(value) : "";
    }
    std::string operator()(const Varint& value) const {
        return value.bytes.size() > largest_decimal_bytes ? "" : varint_text(value);
    }
    std::string operator()(const Decimal& value) const {
        // The server takes the literal through a double (4.1, 5.0): "1E+400" is an Infinity to it, and an error.
        const bool fits_double = value.unscaled.bytes.size() <= 32 && value.scale >= -200;
        return fits_double ? decimal_text(value) : "";
    }
    template <class Other>
    std::string operator()(const Other&) const {
        return "";
    }
};

// Whether a number of any size has more bytes than it needs.
bool has_padding(const Value& value) {
    const auto* decimal = value.find<Decimal>();
    const auto* varint = decimal != nullptr ? &decimal->unscaled : value.find<Varint>();
    if (varint == nullptr || varint->bytes.size() < 2) return false;
    const std::uint8_t first = varint->bytes[0];
    const bool is_second_negative = varint->bytes[1] >= 0x80;
    return (first == 0x00 && !is_second_negative) || (first == 0xFF && is_second_negative);
}

base::Result<void> append_scalar_literal(std::string& out, const Type& type, ByteView bytes) {
    if (type.code == TypeCode::custom)
        return base::fail(base::ErrorKind::bad_input, "a value of custom type " + to_cql(type) + " has no literal");
    auto value = decode(type, bytes);
    if (!value) return base::fail(std::move(value.error()));
    // Some values have several forms on the wire (true is any byte but 0); a literal makes the usual one.
    const auto usual = encode(type, *value);
    const bool is_usual_form =
        usual && std::equal(usual->begin(), usual->end(), bytes.begin(), bytes.end()) && !has_padding(*value);
    const std::string plain = is_usual_form ? std::visit(PlainLiteral(), value->data) : "";
    if (!plain.empty()) {
        out += plain;
    } else {
        out += "blobas" + to_cql(type) + "(" + hex_text(bytes) + ")";
    }
    return {};
}

// Types of which a value of no bytes has a plain literal. (An empty number in a vector is a null to the server when it
// is not bound.)
bool has_own_empty(TypeCode code) {
    return code == TypeCode::ascii || code == TypeCode::varchar || code == TypeCode::blob || code == TypeCode::tuple ||
           code == TypeCode::udt;
}

struct Brackets {
    char open;
    char close;
};

Brackets brackets_of(TypeCode code) {
    switch (code) {
        case TypeCode::list:
        case TypeCode::vector:
            return {'[', ']'};
        case TypeCode::tuple:
            return {'(', ')'};
        case TypeCode::set:
        case TypeCode::map:
        case TypeCode::udt:
            return {'{', '}'};
        default:
            return {'\0', '\0'};
    }
}

base::Result<void> append_literal(std::string& out, const Type& type, ByteView bytes) {
    const auto [open, close] = brackets_of(type.code);
    if (open == '\0') return append_scalar_literal(out, type, bytes);
    const bool is_record = type.code == TypeCode::tuple || type.code == TypeCode::udt;
    out += open;
    bool is_first = true;
    ElementCursor cursor(type, bytes);
    while (cursor.next()) {
        const bool is_map_value = type.code == TypeCode::map && cursor.index() % 2 == 1;
        if (!is_first) out += is_map_value ? ": " : ", ";
        is_first = false;
        if (type.code == TypeCode::udt) out += quoted(type.field_names[cursor.index()]) + ": ";
        if (type.code == TypeCode::vector && cursor.element().bytes.empty() &&
            !has_own_empty(cursor.element_type().code))
            return base::fail(base::ErrorKind::bad_input,
                              "an empty value in a value of type " + to_cql(type) + " has no literal");
        if (cursor.element().is_null()) {
            if (!is_record)
                return base::fail(base::ErrorKind::bad_input,
                                  "a null in a value of type " + to_cql(type) + " has no literal");
            out += "null";
        } else if (auto done = append_literal(out, cursor.element_type(), cursor.element().bytes); !done) {
            return done;
        }
    }
    if (auto status = cursor.status(); !status) return status;
    // A record without fields cannot be written; one null is the same to its readers.
    if (is_record && is_first && !type.parameters.empty())
        out += type.code == TypeCode::udt ? quoted(type.field_names[0]) + ": null" : "null";
    out += close;
    return {};
}

// JSON of a scalar. `plain` numbers are JSON's numbers.
struct ScalarJson {
    std::string operator()(bool value) const { return value ? "true" : "false"; }
    std::string operator()(std::int8_t value) const { return std::to_string(value); }
    std::string operator()(std::int16_t value) const { return std::to_string(value); }
    std::string operator()(std::int32_t value) const { return std::to_string(value); }
    std::string operator()(std::int64_t value) const { return std::to_string(value); }
    std::string operator()(float value) const {
        return std::isfinite(value) ? float_text(value) : json_string(float_text(value));
    }
    std::string operator()(double value) const {
        return std::isfinite(value) ? double_text(value) : json_string(double_text(value));
    }
    std::string operator()(const std::string& value) const {
        return json_string(is_utf8(value) ? value : hex_text(base::bytes_of(value)));
    }
    std::string operator()(const Bytes& value) const { return json_string(hex_text(value)); }
    std::string operator()(const Uuid& value) const { return json_string(uuid_text(value)); }
    std::string operator()(const Inet& value) const { return json_string(inet_text(value)); }
    std::string operator()(const Date& value) const { return json_string(date_text(value)); }
    std::string operator()(const Time& value) const { return json_string(time_text(value)); }
    std::string operator()(const Timestamp& value) const { return json_string(timestamp_text(value)); }
    std::string operator()(const Duration& value) const { return json_string(duration_text(value)); }
    std::string operator()(const Varint& value) const {
        return value.bytes.size() > largest_decimal_bytes ? json_string(hex_text(value.bytes)) : varint_text(value);
    }
    std::string operator()(const Decimal& value) const {
        return value.unscaled.bytes.size() > largest_decimal_bytes
                   ? json_string(hex_text(value.unscaled.bytes) + "E" +
                                 std::to_string(-static_cast<std::int64_t>(value.scale)))
                   : decimal_text(value);
    }
    std::string operator()(const Empty&) const { return "\"\""; }
    template <class Other>
    std::string operator()(const Other&) const {
        return "null";
    }
};

// `bytes` are valid.
void append_json(std::string& out, const Type& type, ByteView bytes) {
    if (brackets_of(type.code).open == '\0') {
        const auto value = decode(type, bytes);
        out += value ? std::visit(ScalarJson(), value->data) : json_string(hex_text(bytes));
        return;
    }
    const bool is_object = type.code == TypeCode::map || type.code == TypeCode::udt;
    out += is_object ? '{' : '[';
    bool is_first = true;
    for (ElementCursor cursor(type, bytes); cursor.next(); is_first = false) {
        const bool is_map_key = type.code == TypeCode::map && cursor.index() % 2 == 0;
        const bool is_map_value = type.code == TypeCode::map && !is_map_key;
        if (!is_first) out += is_map_value ? ": " : ", ";
        if (type.code == TypeCode::udt) {
            const std::string& name = type.field_names[cursor.index()];
            out += json_string(is_utf8(name) ? name : hex_text(base::bytes_of(name))) + ": ";
        }
        std::string element = cursor.element().is_null() ? "null" : "";
        if (element.empty()) append_json(element, cursor.element_type(), cursor.element().bytes);
        out += is_map_key && element[0] != '"' ? json_string(element) : element;
    }
    out += is_object ? '}' : ']';
}

}  // namespace

base::Result<std::string> to_literal(const Type& type, ByteView bytes) {
    if (auto valid = validate(type, bytes); !valid) return base::fail(std::move(valid.error()));
    std::string out;
    if (auto done = append_literal(out, type, bytes); !done) return base::fail(std::move(done.error()));
    return out;
}

base::Result<std::string> to_literal(const Type& type, const ValueView& cell) {
    if (cell.is_null()) return std::string("null");
    if (cell.is_unset()) return base::fail(base::ErrorKind::bad_input, "a value that is not set has no literal");
    return to_literal(type, cell.bytes);
}

std::string to_json(const Type& type, ByteView bytes) {
    if (!validate(type, bytes)) return json_string(hex_text(bytes));
    std::string out;
    append_json(out, type, bytes);
    return out;
}

std::string to_json(const Type& type, const ValueView& cell) {
    if (cell.is_null()) return "null";
    if (cell.is_unset()) return "\"not set\"";
    return to_json(type, cell.bytes);
}

}  // namespace crossfade::cql
