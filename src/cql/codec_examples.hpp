// Values of all types for the codec's tests: type and wire bytes.
#pragma once

#include <charconv>
#include <string>
#include <string_view>
#include <vector>

#include "cql/type.hpp"

namespace crossfade::cql {

inline Bytes bytes_from_hex(std::string_view hex) {
    Bytes bytes;
    for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
        if (hex[i] == ' ') ++i;
        unsigned value = 0;
        std::from_chars(hex.data() + i, hex.data() + i + 2, value, 16);
        bytes.push_back(static_cast<std::uint8_t>(value));
    }
    return bytes;
}

// "udt" is ks.udt (a int, "B c" text).
inline TypePtr type_from_text(std::string_view text) {
    const auto find_udt = [](const std::string& name) {
        return name != "udt" ? nullptr
                             : udt_type("ks", "udt", {"a", "B c"},
                                        {simple_type(TypeCode::int_number), simple_type(TypeCode::varchar)});
    };
    auto type = parse_cql_type(text, "ks", find_udt);
    return type ? *type : nullptr;
}

struct CodecExample {
    const char* type;
    const char* hex;      // blanks between bytes are for the reader
    const char* literal;  // to_literal()
    const char* json;     // to_json()
};

// Bytes by the specification (native_protocol_v5.spec §6); those of vectors and of date and time as a real 5.0 node
// returned them for the literal beside them.
inline const std::vector<CodecExample>& codec_examples() {
    static const std::vector<CodecExample> all = {
        {"ascii", "", "''", "\"\""},
        {"ascii", "6127 22", "'a''\"'", "\"a'\\\"\""},
        {"bigint", "0000000000000001", "1", "1"},
        {"bigint", "8000000000000000", "-9223372036854775808", "-9223372036854775808"},
        {"bigint", "", "blobasbigint(0x)", "\"\""},
        {"blob", "", "0x", "\"0x\""},
        {"blob", "00ff", "0x00ff", "\"0x00ff\""},
        {"boolean", "01", "true", "true"},
        {"boolean", "00", "false", "false"},
        {"boolean", "02", "blobasboolean(0x02)", "true"},
        {"boolean", "", "blobasboolean(0x)", "\"\""},
        {"counter", "ffffffffffffffff", "-1", "-1"},
        {"decimal", "00000002 0096", "1.50", "1.50"},
        {"decimal", "00000000 ff", "-1", "-1"},
        {"decimal", "fffffffd 01", "1E+3", "1E+3"},
        {"decimal", "00000005 ff7f", "-0.00129", "-0.00129"},
        {"decimal", "00000028 01", "1E-40", "1E-40"},
        {"decimal", "7fffffff 01", "1E-2147483647", "1E-2147483647"},
        {"decimal", "80000000 01", "blobasdecimal(0x8000000001)", "1E+2147483648"},
        {"decimal", "00000001 0001", "blobasdecimal(0x000000010001)", "0.1"},
        {"decimal", "", "blobasdecimal(0x)", "\"\""},
        {"double", "3ff8000000000000", "1.5", "1.5"},
        {"double", "4014000000000000", "5.0", "5.0"},
        {"double", "8000000000000000", "-0.0", "-0.0"},
        {"double", "7ff8000000000000", "NaN", "\"NaN\""},
        {"double", "7ff8000000000001", "blobasdouble(0x7ff8000000000001)", "\"NaN\""},
        {"double", "fff0000000000000", "-Infinity", "\"-Infinity\""},
        {"float", "3dcccccd", "0.1", "0.1"},
        {"float", "7f800000", "Infinity", "\"Infinity\""},
        {"float", "7fc00000", "NaN", "\"NaN\""},
        {"float", "ffc00000", "blobasfloat(0xffc00000)", "\"NaN\""},
        {"int", "80000000", "-2147483648", "-2147483648"},
        {"int", "", "blobasint(0x)", "\"\""},
        {"timestamp", "0000000000000000", "0", "\"1970-01-01T00:00:00.000Z\""},
        {"timestamp", "ffffffffffffffff", "-1", "\"1969-12-31T23:59:59.999Z\""},
        {"timestamp", "7fffffffffffffff", "9223372036854775807", "\"9223372036854775807ms\""},
        {"timestamp", "", "blobastimestamp(0x)", "\"\""},
        {"uuid", "123e4567e89b42d3a456426614174000", "123e4567-e89b-42d3-a456-426614174000",
         "\"123e4567-e89b-42d3-a456-426614174000\""},
        {"uuid", "", "blobasuuid(0x)", "\"\""},
        {"timeuuid", "123e4567e89b12d3a456426614174000", "123e4567-e89b-12d3-a456-426614174000",
         "\"123e4567-e89b-12d3-a456-426614174000\""},
        {"text", "", "''", "\"\""},
        {"text", "c3a9 0a f09f9880", "'\xC3\xA9\n\xF0\x9F\x98\x80'", "\"\xC3\xA9\\n\xF0\x9F\x98\x80\""},
        {"text", "01 5c", "'\x01\\'", "\"\\u0001\\\\\""},
        {"text", "c080", "blobastext(0xc080)", "\"0xc080\""},
        // §6.24 of the specification has this table.
        {"varint", "00", "0", "0"},
        {"varint", "01", "1", "1"},
        {"varint", "7f", "127", "127"},
        {"varint", "0080", "128", "128"},
        {"varint", "0081", "129", "129"},
        {"varint", "ff", "-1", "-1"},
        {"varint", "80", "-128", "-128"},
        {"varint", "ff7f", "-129", "-129"},
        {"varint", "0de0b6b3a7640000", "1000000000000000000", "1000000000000000000"},
        {"varint", "00ffffffffffffffffffffffffffffffff", "340282366920938463463374607431768211455",
         "340282366920938463463374607431768211455"},
        {"varint", "80000000000000000000000000000000", "-170141183460469231731687303715884105728",
         "-170141183460469231731687303715884105728"},
        {"varint", "0001", "blobasvarint(0x0001)", "1"},
        {"varint", "", "blobasvarint(0x)", "\"\""},
        {"inet", "7f000001", "'127.0.0.1'", "\"127.0.0.1\""},
        {"inet", "20010db8000000000000000000000001", "'2001:db8::1'", "\"2001:db8::1\""},
        {"inet", "00000000000000000000000000000000", "'::'", "\"::\""},
        {"inet", "00010000000000020000000000000003", "'1:0:0:2::3'", "\"1:0:0:2::3\""},
        {"inet", "20010000000200030004000500060007", "'2001:0:2:3:4:5:6:7'", "\"2001:0:2:3:4:5:6:7\""},
        {"inet", "fe800000000000000000000000000000", "'fe80::'", "\"fe80::\""},
        {"inet", "00000000000000000000ffff01020304", "blobasinet(0x00000000000000000000ffff01020304)",
         "\"::ffff:102:304\""},
        {"inet", "", "blobasinet(0x)", "\"\""},
        {"date", "80000000", "'1970-01-01'", "\"1970-01-01\""},
        {"date", "80004756", "'2020-01-01'", "\"2020-01-01\""},
        {"date", "7fffffff", "'1969-12-31'", "\"1969-12-31\""},
        {"date", "00000000", "blobasdate(0x00000000)", "\"-2147483648 days\""},
        {"date", "ffffffff", "blobasdate(0xffffffff)", "\"+2147483647 days\""},
        {"time", "00000362d417ae00", "'01:02:03'", "\"01:02:03\""},
        {"time", "00004e94914effff", "'23:59:59.999999999'", "\"23:59:59.999999999\""},
        {"time", "00004e94914f0000", "blobastime(0x00004e94914f0000)", "\"86400000000000ns\""},
        {"smallint", "8000", "-32768", "-32768"},
        {"tinyint", "80", "-128", "-128"},
        {"duration", "02 04 06", "1mo2d3ns", "\"1mo2d3ns\""},
        {"duration", "01 03 05", "-1mo2d3ns", "\"-1mo2d3ns\""},
        {"duration", "00 00 00", "0s", "\"0s\""},
        {"duration", "00 00 fc9d29229e0000", "86400000000000ns", "\"86400000000000ns\""},
        {"duration", "00 8080 00", "64d", "\"64d\""},
        {"duration", "f0fffffffe 00 00", "2147483647mo", "\"2147483647mo\""},
        {"duration", "00 00 ffffffffffffffffff", "blobasduration(0x0000ffffffffffffffffff)",
         "\"-9223372036854775808ns\""},
        {"duration", "00 00 c0000000", "blobasduration(0x0000c0000000)",
         "\"0s\""},  // more bytes than it needs, and one behind it
        {"list<int>", "00000000", "[]", "[]"},
        {"list<int>", "00000002 00000004 00000001 00000004 00000002", "[1, 2]", "[1, 2]"},
        {"list<int>", "00000001 00000000", "[blobasint(0x)]", "[\"\"]"},
        {"set<text>", "00000002 00000001 61 00000000", "{'a', ''}", "[\"a\", \"\"]"},
        {"map<int, text>", "00000001 00000004 00000001 00000001 61", "{1: 'a'}", "{\"1\": \"a\"}"},
        {"map<text, boolean>", "00000002 00000001 61 00000001 01 00000001 62 00000001 00", "{'a': true, 'b': false}",
         "{\"a\": true, \"b\": false}"},
        {"map<text, boolean>", "00000000", "{}", "{}"},
        {"map<frozen<list<int>>, int>", "00000001 0000000c 00000001 00000004 00000001 00000004 00000002", "{[1]: 2}",
         "{\"[1]\": 2}"},
        {"frozen<tuple<int, text>>", "00000004 00000001 00000001 61", "(1, 'a')", "[1, \"a\"]"},
        {"frozen<tuple<int, text>>", "ffffffff 00000000", "(null, '')", "[null, \"\"]"},
        {"frozen<tuple<int, text>>", "00000004 00000001", "(1)", "[1]"},
        {"frozen<tuple<int, text>>", "", "(null)", "[]"},
        {"udt", "00000004 00000001 00000001 61", "{a: 1, \"B c\": 'a'}", "{\"a\": 1, \"B c\": \"a\"}"},
        {"udt", "00000004 00000001", "{a: 1}", "{\"a\": 1}"},
        {"udt", "", "{a: null}", "{}"},
        {"list<frozen<udt>>", "00000001 0000000d 00000004 00000001 00000001 61", "[{a: 1, \"B c\": 'a'}]",
         "[{\"a\": 1, \"B c\": \"a\"}]"},
        {"vector<float, 2>", "3f800000 3f800000", "[1.0, 1.0]", "[1.0, 1.0]"},
        {"vector<boolean, 2>", "0101", "[true, true]", "[true, true]"},
        {"vector<tinyint, 2>", "01 01 01 01", "[1, 1]", "[1, 1]"},
        {"vector<smallint, 2>", "02 0001 02 0001", "[1, 1]", "[1, 1]"},
        {"vector<date, 2>", "04 80004756 04 80004756", "['2020-01-01', '2020-01-01']",
         "[\"2020-01-01\", \"2020-01-01\"]"},
        {"vector<time, 2>", "08 00000362d417ae00 08 00000362d417ae00", "['01:02:03', '01:02:03']",
         "[\"01:02:03\", \"01:02:03\"]"},
        {"vector<text, 2>", "02 6162 02 6162", "['ab', 'ab']", "[\"ab\", \"ab\"]"},
        {"vector<decimal, 2>", "05 0000000001 05 0000000001", "[1, 1]", "[1, 1]"},
        {"vector<duration, 2>", "03 000200 03 000200", "[1d, 1d]", "[\"1d\", \"1d\"]"},
        {"vector<inet, 2>", "04 01020304 04 01020304", "['1.2.3.4', '1.2.3.4']", "[\"1.2.3.4\", \"1.2.3.4\"]"},
        {"vector<frozen<list<int>>, 2>", "0c 00000001 00000004 00000001 0c 00000001 00000004 00000001", "[[1], [1]]",
         "[[1], [1]]"},
        {"vector<frozen<tuple<int, int>>, 2>",
         "10 00000004 00000001 00000004 00000002 10 00000004 00000001 00000004 00000002", "[(1, 2), (1, 2)]",
         "[[1, 2], [1, 2]]"},
        {"vector<vector<int, 2>, 2>", "00000001 00000002 00000001 00000002", "[[1, 2], [1, 2]]", "[[1, 2], [1, 2]]"},
        {"vector<vector<text, 1>, 2>", "02 0178 02 0178", "[['x'], ['x']]", "[[\"x\"], [\"x\"]]"},
    };
    return all;
}

}  // namespace crossfade::cql
