// Scalars as text for people and statements. All total: every native value has a text.
#pragma once

#include <string>

#include "cql/scalars.hpp"

namespace crossfade::cql {

std::string uuid_text(const Uuid& value);  // lower case
std::string inet_text(const Inet& value);  // "10.0.0.1", "2001:db8::1" (RFC 5952)
// "2024-02-29"; outside of the years 1 to 9999 "+-N days" of 1970-01-01: "-900000000 days".
std::string date_text(Date value);
// "13:30:54.234000001", without a fraction when it is nought; outside of a day the number of nanoseconds with "ns".
std::string time_text(Time value);
// "2024-02-29T13:30:54.234Z", always with milliseconds; outside of the years 1 to 9999 the number with "ms".
std::string timestamp_text(Timestamp value);
// "1mo2d3ns", "-5d", "0s": as CQL writes durations, in the units that are stored.
std::string duration_text(const Duration& value);
// Decimal digits. Takes time with the square of the size.
std::string varint_text(const Varint& value);
// "-1.50", "12E+3", "1E-40": parse_decimal() gives the same scale back.
std::string decimal_text(const Decimal& value);
// The shortest digits that give the same number back: "1.5", "1e+20", "5.0", "NaN", "-Infinity".
std::string float_text(float value);
std::string double_text(double value);
std::string hex_text(ByteView bytes);  // "0xcafe"

// Whether date_text and the like have the usual form.
bool is_usual(Date value);
bool is_usual(Time value);
bool is_usual(Timestamp value);

}  // namespace crossfade::cql
