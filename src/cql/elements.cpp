#include "cql/elements.hpp"

#include <limits>
#include <utility>

#include "cql/vint.hpp"

namespace crossfade::cql {

std::optional<std::size_t> fixed_size(const Type& type) {
    switch (type.code) {
        case TypeCode::boolean:
            return 1;
        case TypeCode::int_number:
        case TypeCode::float_number:
            return 4;
        case TypeCode::bigint:
        case TypeCode::double_number:
        case TypeCode::timestamp:
            return 8;
        case TypeCode::uuid:
        case TypeCode::timeuuid:
            return 16;
        case TypeCode::vector: {
            const auto element = fixed_size(*type.parameters[0]);
            const auto dimensions = static_cast<std::size_t>(type.dimensions);
            // A vector of vectors of vectors … can be larger than any value: then no bytes fit it.
            if (!element || *element > std::numeric_limits<std::uint32_t>::max()) return element;
            return *element * dimensions;
        }
        default:
            return std::nullopt;
    }
}

ElementCursor::ElementCursor(const Type& type, ByteView value) : type_(type), in_(value) {
    switch (type.code) {
        case TypeCode::list:
        case TypeCode::set:
            open_collection(1);
            break;
        case TypeCode::map:
            open_collection(2);
            break;
        case TypeCode::tuple:
        case TypeCode::udt:
            count_ = type.parameters.size();
            break;
        case TypeCode::vector:
            open_vector();
            break;
        default:
            error_ = "has no elements";
    }
}

void ElementCursor::open_collection(std::size_t parts) {
    const std::int32_t count = in_.int_number();
    constexpr std::size_t smallest_element = 4;
    if (!in_.ok()) {
        error_ = "ends too early";
    } else if (count < 0 || static_cast<std::size_t>(count) > in_.remaining() / smallest_element / parts) {
        error_ = "has an impossible number of elements";
    } else {
        count_ = static_cast<std::size_t>(count) * parts;
    }
}

void ElementCursor::open_vector() {
    fixed_ = fixed_size(*type_.parameters[0]);
    count_ = static_cast<std::size_t>(type_.dimensions);
    const std::size_t smallest_element = fixed_.value_or(1);
    if (smallest_element == 0 || in_.remaining() / smallest_element < count_) {
        error_ = "is too short for its dimensions";
        count_ = 0;
    }
}

// [int length] and as many bytes, or null: any negative length, as the server reads it.
bool ElementCursor::read_prefixed() {
    const std::int32_t length = in_.int_number();
    if (!in_.ok() || (length > 0 && static_cast<std::size_t>(length) > in_.remaining())) {
        error_ = "has an element that ends too early";
        return false;
    }
    element_ = length < 0 ? ValueView{} : ValueView{ValueView::State::bytes, in_.raw(static_cast<std::size_t>(length))};
    return true;
}

bool ElementCursor::next() {
    if (error_ != nullptr) return false;
    const bool may_end_early = type_.code == TypeCode::tuple || type_.code == TypeCode::udt;
    if (index_ >= count_ || (may_end_early && in_.remaining() == 0)) {
        if (in_.remaining() != 0) error_ = "has bytes behind its last element";
        return false;
    }
    const std::vector<TypePtr>& parameters = type_.parameters;
    element_type_ = parameters[parameters.size() == 1 ? 0 : type_.code == TypeCode::map ? index_ % 2 : index_].get();
    ++index_;
    if (type_.code != TypeCode::vector) return read_prefixed();
    const std::uint64_t length = fixed_ ? *fixed_ : read_unsigned_vint(in_);
    if (!in_.ok() || length > in_.remaining()) {
        error_ = "has an element that ends too early";
        return false;
    }
    element_ = {ValueView::State::bytes, in_.raw(static_cast<std::size_t>(length))};
    return true;
}

base::Result<void> ElementCursor::status() const {
    if (error_ == nullptr) return {};
    return base::fail(base::ErrorKind::bad_input, "a value of type " + to_cql(type_) + " " + error_);
}

base::Result<void> append_elements(Bytes& out, const Type& type, const std::vector<ValueView>& elements) {
    const auto wrong = [&](const char* what) {
        return base::fail(base::ErrorKind::bad_input, "a value of type " + to_cql(type) + " " + what);
    };
    const bool is_record = type.code == TypeCode::tuple || type.code == TypeCode::udt;
    const bool is_map = type.code == TypeCode::map;
    const bool is_vector = type.code == TypeCode::vector;
    if (!is_record && !is_map && !is_vector && type.code != TypeCode::list && type.code != TypeCode::set)
        return wrong("has no elements");
    if (is_record && elements.size() > type.parameters.size()) return wrong("cannot have so many fields");
    if (is_map && elements.size() % 2 != 0) return wrong("needs a value for each key");
    if (is_vector && elements.size() != static_cast<std::size_t>(type.dimensions))
        return wrong("must have as many elements as dimensions");
    const auto fixed = is_vector ? fixed_size(*type.parameters[0]) : std::nullopt;
    for (const ValueView& element : elements) {
        if (element.is_unset()) return wrong("cannot have elements that are not set");
        if (is_vector && element.is_null()) return wrong("cannot have nulls");
        if (fixed && element.bytes.size() != *fixed) return wrong("has an element of the wrong size");
    }
    Writer writer(out);
    if (!is_record && !is_vector) writer.int_number(static_cast<std::int32_t>(elements.size() / (is_map ? 2 : 1)));
    for (const ValueView& element : elements) {
        if (!is_vector) {
            writer.value(element);
            continue;
        }
        if (!fixed) append_unsigned_vint(out, element.bytes.size());
        writer.raw(element.bytes);
    }
    return {};
}

}  // namespace crossfade::cql
