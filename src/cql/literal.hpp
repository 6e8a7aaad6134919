// Wire bytes as CQL literals and as JSON-like text.
#pragma once

#include <string>

#include "base/result.hpp"
#include "cql/type.hpp"
#include "cql/wire.hpp"

namespace crossfade::cql {

// What may be pasted into a statement where a value of the type is expected, and stores exactly these bytes (a record's
// missing last fields may come back as nulls). What a plain literal cannot say (empty numbers, NaNs with a payload,
// text that is not UTF-8, dates past the calendar, …) is a call like blobasint(0x). bad_input: bytes that are no value
// of the type, custom types, nulls inside collections, and nested values that only blobas… of a composite type could
// say.
base::Result<std::string> to_literal(const Type& type, ByteView bytes);
// As above; null is "null", and "not set" is bad_input.
base::Result<std::string> to_literal(const Type& type, const ValueView& cell);

// For people and reports; never fails: bytes that are no value of the type are "0x…" in quotes. Numbers are bare, NaN
// and the infinities, and all that JSON has no kind for, are strings; tuples, lists, sets and vectors are arrays; maps
// and UDTs are objects, whose keys are the text of the key. An empty value that is not text is "". The result is valid
// JSON.
std::string to_json(const Type& type, ByteView bytes);
std::string to_json(const Type& type, const ValueView& cell);  // null: null; not set: "not set" in quotes

}  // namespace crossfade::cql
