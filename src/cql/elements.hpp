// The parts of collections, tuples, UDTs and vectors as raw bytes: for whoever walks or builds values without decoding
// what is in them.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "cql/type.hpp"
#include "cql/wire.hpp"

namespace crossfade::cql {

// How many bytes each value of the type has as an element of a vector; none when that differs or the server does not
// use it (AbstractType.valueLengthIfFixed: smallint, tinyint, date and time have a length before them in a vector).
std::optional<std::size_t> fixed_size(const Type& type);

// Walks a value of type list, set, map, tuple, UDT or vector. Of a map the elements are key, value, key, value, …; of a
// tuple or UDT the fields that are there: trailing ones may be missing, and an empty value has none. Elements are views
// on the value.
//     for (ElementCursor cursor(type, value); cursor.next();) … ; then ask status().
class ElementCursor {
public:
    // Both outlive the cursor. Any other type is bad_input.
    ElementCursor(const Type& type, ByteView value);

    // The next element; false at the end, and when the value is malformed.
    bool next();
    const ValueView& element() const { return element_; }  // bytes or null
    const Type& element_type() const { return *element_type_; }
    std::size_t index() const { return index_ - 1; }  // of the element, from 0
    // Of the elements that the value says it has, or has room for: safe to reserve.
    std::size_t count() const { return count_; }
    // After next() was false: whether that was the end. bad_input names the type and what is wrong.
    base::Result<void> status() const;

private:
    void open_collection(std::size_t parts);
    void open_vector();
    bool read_prefixed();

    const Type& type_;
    Reader in_;
    std::optional<std::size_t> fixed_;  // of the elements of a vector
    std::size_t count_ = 0;
    std::size_t index_ = 0;  // of the next element
    ValueView element_;
    const Type* element_type_ = nullptr;
    const char* error_ = nullptr;
};

// Appends a value of such a type made of `elements`, in the order of the cursor. bad_input: a wrong number of them,
// nulls in a vector, elements of the wrong size in a vector, elements that are not set.
base::Result<void> append_elements(Bytes& out, const Type& type, const std::vector<ValueView>& elements);

}  // namespace crossfade::cql
