#include "cql/type.hpp"

#include <gtest/gtest.h>

#include <map>

namespace crossfade::cql {
namespace {

using base::ErrorKind;

TypePtr address_type() {
    return udt_type("ks", "Address", {"street", "Zip code"},
                    {simple_type(TypeCode::varchar), simple_type(TypeCode::int_number)});
}

// All kinds of types, nested in each other; none frozen, for the wire does not say.
std::vector<TypePtr> examples() {
    std::vector<TypePtr> all;
    for (const TypeCode code :
         {TypeCode::ascii,   TypeCode::bigint,        TypeCode::blob,         TypeCode::boolean,    TypeCode::counter,
          TypeCode::decimal, TypeCode::double_number, TypeCode::float_number, TypeCode::int_number, TypeCode::timestamp,
          TypeCode::uuid,    TypeCode::varchar,       TypeCode::varint,       TypeCode::timeuuid,   TypeCode::inet,
          TypeCode::date,    TypeCode::time,          TypeCode::smallint,     TypeCode::tinyint,    TypeCode::duration})
        all.push_back(simple_type(code));
    const TypePtr text = simple_type(TypeCode::varchar);
    const TypePtr vector = vector_type(simple_type(TypeCode::float_number), 3);
    const TypePtr tuple = tuple_type({text, simple_type(TypeCode::duration), vector});
    all.insert(
        all.end(),
        {vector, tuple, address_type(), list_type(text), set_type(tuple), map_type(address_type(), list_type(vector)),
         vector_type(list_type(address_type()), 2), tuple_type({}), custom_type("com.example.Point"),
         custom_type("org.apache.cassandra.db.marshal.CompositeType(org.apache.cassandra.db.marshal.UTF8Type,a(b))")});
    return all;
}

Bytes written(const Type& type, ProtocolVersion version) {
    Bytes bytes;
    Writer out(bytes);
    write_type(out, type, version);
    return bytes;
}

TEST(TypeOnTheWire, IsReadBackAsItWasWritten) {
    for (const ProtocolVersion version :
         {ProtocolVersion::v3, ProtocolVersion::v4, ProtocolVersion::v5, ProtocolVersion::dse_v2}) {
        for (const TypePtr& type : examples()) {
            const Bytes bytes = written(*type, version);
            Reader in(bytes);
            const auto read = read_type(in);
            ASSERT_TRUE(read) << to_cql(*type) << ": " << read.error().message;
            EXPECT_TRUE(equal(**read, *type, true)) << to_cql(*type) << " came back as " << to_cql(**read);
            EXPECT_EQ(in.remaining(), 0U);
        }
    }
}

TEST(TypeOnTheWire, HasTheCodesOfTheSpecification) {
    EXPECT_EQ(written(*simple_type(TypeCode::varchar), ProtocolVersion::v5), (Bytes{0x00, 0x0D}));
    EXPECT_EQ(written(*map_type(simple_type(TypeCode::int_number), list_type(simple_type(TypeCode::blob))),
                      ProtocolVersion::v5),
              (Bytes{0x00, 0x21, 0x00, 0x09, 0x00, 0x20, 0x00, 0x03}));
    EXPECT_EQ(written(*tuple_type({simple_type(TypeCode::inet)}), ProtocolVersion::v5),
              (Bytes{0x00, 0x31, 0x00, 0x01, 0x00, 0x10}));
    EXPECT_EQ(written(*udt_type("k", "u", {"f"}, {simple_type(TypeCode::time)}), ProtocolVersion::v5),
              (Bytes{0x00, 0x30, 0x00, 0x01, 'k', 0x00, 0x01, 'u', 0x00, 0x01, 0x00, 0x01, 'f', 0x00, 0x12}));
    EXPECT_EQ(written(*simple_type(TypeCode::duration), ProtocolVersion::v5), (Bytes{0x00, 0x15}));
    // What a version has no code for is a class.
    for (const auto& [code, version, name] : {std::tuple(TypeCode::duration, ProtocolVersion::v4, "DurationType"),
                                              std::tuple(TypeCode::date, ProtocolVersion::v3, "SimpleDateType"),
                                              std::tuple(TypeCode::tinyint, ProtocolVersion::v3, "ByteType")}) {
        const Bytes bytes = written(*simple_type(code), version);
        Reader in(bytes);
        EXPECT_EQ(in.short_number(), 0);
        EXPECT_EQ(in.string(), "org.apache.cassandra.db.marshal." + std::string(name));
    }
}

TEST(TypeOnTheWire, EveryTruncationIsAnError) {
    for (const TypePtr& type : examples()) {
        const Bytes whole = written(*type, ProtocolVersion::v5);
        for (std::size_t length = 0; length < whole.size(); ++length) {
            const Bytes block(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(length));
            Reader in(block);
            const auto read = read_type(in);
            ASSERT_FALSE(read) << to_cql(*type) << " cut to " << length;
            EXPECT_EQ(read.error().kind, ErrorKind::bad_input);
        }
    }
}

TEST(TypeOnTheWire, UnknownCodesAndDeepNestingAreErrors) {
    for (const std::uint16_t code : {0x0A, 0x16, 0x22 + 1, 0x32, 0x0100, 0xFFFF}) {
        Bytes bytes;
        Writer(bytes).short_number(code);
        Reader in(bytes);
        const auto read = read_type(in);
        ASSERT_FALSE(read) << code;
        EXPECT_EQ(read.error().kind, ErrorKind::bad_input);
    }
    const auto nested = [](int depth) {
        Bytes bytes;
        Writer out(bytes);
        for (int i = 1; i < depth; ++i) out.short_number(0x20);
        out.short_number(0x09);
        Reader in(bytes);
        return read_type(in).has_value();
    };
    EXPECT_TRUE(nested(deepest_nesting));
    EXPECT_FALSE(nested(deepest_nesting + 1));
    EXPECT_FALSE(nested(100'000));
}

TEST(TypeClass, IsTheServers) {
    const std::string package = "org.apache.cassandra.db.marshal.";
    EXPECT_EQ(to_class_name(*simple_type(TypeCode::counter)), package + "CounterColumnType");
    EXPECT_EQ(to_class_name(*list_type(simple_type(TypeCode::int_number), true)),
              package + "FrozenType(" + package + "ListType(" + package + "Int32Type))");
    EXPECT_EQ(
        to_class_name(*udt_type("ks", "a", {"b", "c"}, {simple_type(TypeCode::varchar), simple_type(TypeCode::uuid)})),
        package + "UserType(ks,61,62:" + package + "UTF8Type,63:" + package + "UUIDType)");
    // What a real 5.0 node sends for vector<float, 3>, with its blanks.
    const auto vector =
        parse_class_name("org.apache.cassandra.db.marshal.VectorType(org.apache.cassandra.db.marshal.FloatType , 3)");
    ASSERT_TRUE(vector);
    EXPECT_EQ(to_cql(**vector), "vector<float, 3>");
    EXPECT_EQ(to_class_name(**vector),
              "org.apache.cassandra.db.marshal.VectorType(org.apache.cassandra.db.marshal.FloatType , 3)");
}

TEST(TypeClass, IsParsed) {
    const auto parsed = [](std::string_view text) {
        const auto type = parse_class_name(text);
        return type ? to_cql(**type) : std::string("error");
    };
    EXPECT_EQ(parsed("Int32Type"), "int");
    EXPECT_EQ(parsed("org.apache.cassandra.db.marshal.ReversedType(org.apache.cassandra.db.marshal.TimeUUIDType)"),
              "timeuuid");
    EXPECT_EQ(parsed("FrozenType(MapType(UTF8Type,SetType(LongType)))"), "frozen<map<text, frozen<set<bigint>>>>");
    EXPECT_EQ(parsed("UserType(ks,4d79,61:Int32Type)"), "\"My\"");
    EXPECT_EQ(parsed("com.example.Thing(a , b(c))"), "'com.example.Thing(a , b(c))'");
    EXPECT_EQ(parsed("org.apache.cassandra.db.marshal.EmptyType"), "empty");
    EXPECT_EQ(parsed("VectorType(ListType(ByteType),2)"), "vector<list<tinyint>, 2>");
    EXPECT_EQ(parsed("VectorType(com.example.Thing(x),2)"), "vector<'com.example.Thing(x)', 2>");
    for (const char* text : {"",
                             "(",
                             "Int32Type)",
                             "ListType",
                             "ListType(",
                             "ListType()",
                             "ListType(Int32Type",
                             "MapType(Int32Type)",
                             "VectorType(FloatType)",
                             "VectorType(FloatType,0)",
                             "VectorType(FloatType,-1)",
                             "VectorType(FloatType,x)",
                             "VectorType(FloatType,99999999999)",
                             "UserType(ks)",
                             "UserType(ks,6)",
                             "UserType(ks,zz)",
                             "UserType(ks,61,62)",
                             "a(b",
                             "a(b))",
                             "Int32Type x",
                             "FrozenType()"})
        EXPECT_EQ(parsed(text), "error") << text;
}

TEST(TypeClass, EveryTruncationIsReadSafely) {
    for (const TypePtr& type : examples()) {
        const std::string whole = to_class_name(*type);
        for (std::size_t length = 0; length < whole.size(); ++length) {
            const std::vector<char> block(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(length));
            const auto parsed = parse_class_name({block.data(), block.size()});
            EXPECT_FALSE(parsed && equal(**parsed, *type, true)) << whole << " cut to " << length;
        }
    }
}

base::Result<TypePtr> parse(std::string_view text) {
    static const std::map<std::string, TypePtr> types = {
        {"address", address_type()}, {"Address", address_type()}, {"list", address_type()}};
    return parse_cql_type(text, "ks", [](const std::string& name) {
        const auto found = types.find(name);
        return found == types.end() ? nullptr : found->second;
    });
}

TEST(TypeText, IsParsedAndWrittenAsTheSchemaTablesHaveIt) {
    // Each as a real server writes it.
    for (const char* text : {"ascii",
                             "bigint",
                             "blob",
                             "boolean",
                             "counter",
                             "decimal",
                             "double",
                             "float",
                             "int",
                             "timestamp",
                             "uuid",
                             "text",
                             "varint",
                             "timeuuid",
                             "inet",
                             "date",
                             "time",
                             "smallint",
                             "tinyint",
                             "duration",
                             "list<int>",
                             "frozen<list<text>>",
                             "set<frozen<map<text, int>>>",
                             "map<text, frozen<list<frozen<set<int>>>>>",
                             "frozen<tuple<int, text, frozen<tuple<int>>>>",
                             "vector<float, 3>",
                             "vector<frozen<list<text>>, 2>",
                             "\"Address\"",
                             "frozen<\"Address\">",
                             "'com.example.Point'",
                             "empty",
                             "list<frozen<\"Address\">>"}) {
        const auto type = parse(text);
        ASSERT_TRUE(type) << text << ": " << type.error().message;
        EXPECT_EQ(to_cql(**type), text);
    }
}

TEST(TypeText, IsParsedLeniently) {
    const auto parsed = [](std::string_view text) {
        const auto type = parse(text);
        return type ? to_cql(**type) : type.error().kind == ErrorKind::not_found ? "not found" : "bad";
    };
    EXPECT_EQ(parsed("VARCHAR"), "text");
    EXPECT_EQ(parsed(" Map < Text ,INT > "), "map<text, int>");
    EXPECT_EQ(parsed("tuple<int,int>"), "frozen<tuple<int, int>>");
    EXPECT_EQ(parsed("frozen<list<list<int>>>"), "frozen<list<frozen<list<int>>>>");
    EXPECT_EQ(parsed("ADDRESS"), "\"Address\"");
    EXPECT_EQ(parsed("ks.address"), "\"Address\"");
    EXPECT_EQ(parsed("\"list\""), "\"Address\"");  // a UDT called list
    EXPECT_EQ(parsed("'org.apache.cassandra.db.marshal.DurationType'"), "duration");
    EXPECT_EQ(parsed("unknown"), "not found");
    EXPECT_EQ(parsed("\"ADDRESS\""), "not found");
    EXPECT_EQ(parsed("list<unknown>"), "not found");
    for (const char* text : {"",
                             " ",
                             "<",
                             "list<",
                             "list<int",
                             "list<>",
                             "list<int,int>",
                             "map<int>",
                             "map<int,int,int>",
                             "int x",
                             "int>",
                             "vector<float>",
                             "vector<float,0>",
                             "vector<float,-1>",
                             "vector<3>",
                             "vector<float,3,3>",
                             "frozen<int,int>",
                             "bag<int>",
                             "other.address",
                             "ks.",
                             "\"address",
                             "'unfinished",
                             "\"\"\"",
                             "list<int>>",
                             "tuple<>",
                             "int\xC3\xA9",
                             "3"})
        EXPECT_EQ(parsed(text), "bad") << text;
    std::string deep;
    for (int i = 0; i < 100'000; ++i) deep += "list<";
    EXPECT_EQ(parsed(deep), "bad");
}

TEST(TypeText, TuplesFreezeWhatIsInThem) {
    const auto find_udt = [](const std::string& name) {
        return udt_type("ks", name, {"field"}, {list_type(simple_type(TypeCode::int_number))});
    };
    const auto plain = parse_cql_type("tuple<place, list<int>>", "ks", find_udt);
    const auto frozen_inside = parse_cql_type("frozen<tuple<frozen<place>, frozen<list<int>>>>", "ks", find_udt);
    ASSERT_TRUE(plain && frozen_inside);
    EXPECT_TRUE(equal(**plain, **frozen_inside, true));
}

TEST(Type, AUserTypeMayBearTheNameOfANativeOne) {
    const auto find_udt = [](const std::string& name) {
        return udt_type("ks", name, {"field"}, {simple_type(TypeCode::int_number)});
    };
    for (const char* name : {"text", "ascii", "empty", "duration"}) {
        const std::string in_quotes = '"' + std::string(name) + '"';
        const auto type = parse_cql_type(in_quotes, "ks", find_udt);
        ASSERT_TRUE(type) << name;
        EXPECT_EQ((*type)->code, TypeCode::udt);
        EXPECT_EQ(to_cql(**type), in_quotes);
    }
    EXPECT_EQ(to_cql(*find_udt("place")), "place");
}

TEST(Type, FrozenFreezesAllThatIsInIt) {
    const TypePtr type = frozen(map_type(list_type(simple_type(TypeCode::int_number)), tuple_type({address_type()})));
    EXPECT_EQ(to_cql(*type), "frozen<map<frozen<list<int>>, frozen<tuple<frozen<\"Address\">>>>>");
    EXPECT_FALSE(is_multi_cell(*type));
    EXPECT_TRUE(is_multi_cell(*address_type()));
    EXPECT_FALSE(is_multi_cell(*tuple_type({address_type()})));
    EXPECT_TRUE(contains(*type, TypeCode::udt));
    EXPECT_FALSE(contains(*type, TypeCode::counter));
}

TEST(Type, EqualLooksAtAllParts) {
    const TypePtr number = simple_type(TypeCode::int_number);
    EXPECT_TRUE(equal(*list_type(number), *list_type(number, true), false));
    EXPECT_FALSE(equal(*list_type(number), *list_type(number, true), true));
    EXPECT_FALSE(equal(*list_type(number), *set_type(number), false));
    EXPECT_FALSE(equal(*vector_type(number, 2), *vector_type(number, 3), false));
    EXPECT_FALSE(equal(*tuple_type({number}), *tuple_type({number, number}), false));
    EXPECT_FALSE(equal(*custom_type("a"), *custom_type("b"), false));
    EXPECT_FALSE(equal(*udt_type("ks", "a", {"x"}, {number}), *udt_type("ks", "a", {"y"}, {number}), false));
    EXPECT_FALSE(equal(*udt_type("ks", "a", {"x"}, {number}), *udt_type("kt", "a", {"x"}, {number}), false));
    EXPECT_FALSE(equal(*udt_type("ks", "a", {"x"}, {number}),
                       *udt_type("ks", "a", {"x"}, {simple_type(TypeCode::blob)}), false));
    EXPECT_TRUE(equal(*address_type(), *address_type(), true));
}

}  // namespace
}  // namespace crossfade::cql
