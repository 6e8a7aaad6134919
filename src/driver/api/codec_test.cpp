// C++ values as CQL values and back, and what is refused.
#include <gmock/gmock.h>

#include "cql/type.hpp"
#include "crossfade/crossfade.hpp"

namespace crossfade {

struct Address {
    std::string street;
    std::optional<std::int32_t> number;
    bool operator==(const Address&) const = default;
};
CROSSFADE_MAP(Address, street, number)

namespace {

using cql::TypeCode;
using cql::TypePtr;

template <class T>
T there_and_back(const TypePtr& type, const T& value) {
    Blob bytes;
    Codec<T>::encode(bytes, DataType(*type), value);
    return Codec<T>::decode(DataType(*type), bytes);
}
template <class T>
T as_it_is(const T& value) {
    Blob bytes;
    Codec<T>::encode(bytes, Codec<T>::natural_type(), value);
    return Codec<T>::decode(Codec<T>::natural_type(), bytes);
}
template <class Call>
std::string error_of(ErrorCode code, Call call) {
    try {
        call();
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), code) << error.what();
        return error.what();
    }
    return "(no error)";
}

TEST(Codec, EveryKindOfValueComesBack) {
    EXPECT_EQ(as_it_is(true), true);
    EXPECT_EQ(as_it_is<std::int8_t>(-128), -128);
    EXPECT_EQ(as_it_is<std::int16_t>(32767), 32767);
    EXPECT_EQ(as_it_is(-5), -5);
    EXPECT_EQ(as_it_is(std::numeric_limits<std::int64_t>::min()), std::numeric_limits<std::int64_t>::min());
    EXPECT_EQ(as_it_is(1.5F), 1.5F);
    EXPECT_EQ(as_it_is(-2.25), -2.25);
    EXPECT_EQ(as_it_is(std::string("größer")), "größer");
    EXPECT_EQ(as_it_is(Blob{0, 1, 255}), (Blob{0, 1, 255}));
    EXPECT_EQ(as_it_is(Uuid::parse("6ba7b810-9dad-11d1-80b4-00c04fd430c8")).to_string(),
              "6ba7b810-9dad-11d1-80b4-00c04fd430c8");
    EXPECT_EQ(as_it_is(Inet::parse("2001:db8::1")).to_string(), "2001:db8::1");
    EXPECT_EQ(as_it_is(Inet::parse("10.1.2.3")).to_string(), "10.1.2.3");
    EXPECT_EQ(as_it_is(Duration{1, 2, 3}), (Duration{1, 2, 3}));
    EXPECT_EQ(as_it_is(Varint::parse("-123456789012345678901234567890")).to_string(),
              "-123456789012345678901234567890");
    EXPECT_EQ(as_it_is(Decimal::parse("-1.50")).to_string(), "-1.50");
    const Timestamp moment(std::chrono::milliseconds(1709212254234));
    EXPECT_EQ(as_it_is(moment), moment);
    const Date day = std::chrono::year(2024) / std::chrono::February / 29;
    EXPECT_EQ(as_it_is(day), day);
    EXPECT_EQ(as_it_is<TimeOfDay>(std::chrono::hours(13)), std::chrono::hours(13));
}

TEST(Codec, CollectionsOfCollectionsComeBack) {
    const std::map<std::string, std::vector<std::int64_t>> map{{"a", {1, 2}}, {"b", {}}};
    EXPECT_EQ(as_it_is(map), map);
    const std::set<std::string> set{"x", "y"};
    EXPECT_EQ(as_it_is(set), set);
    const std::tuple<std::int32_t, std::optional<std::string>, bool> tuple{7, std::nullopt, true};
    EXPECT_EQ(as_it_is(tuple), tuple);
    const std::vector<float> vector{0.5F, -1.0F, 2.0F};
    EXPECT_EQ(there_and_back(cql::vector_type(cql::simple_type(TypeCode::float_number), 3), vector), vector);
    EXPECT_THAT(error_of(ErrorCode::bad_value,
                         [&] {
                             there_and_back(cql::vector_type(cql::simple_type(TypeCode::float_number), 4), vector);
                         }),
                ::testing::HasSubstr("vector<float, 4>"));
}

TEST(Codec, IntegersFitWhereTheirValueDoes) {
    const TypePtr tinyint = cql::simple_type(TypeCode::tinyint);
    EXPECT_EQ(there_and_back<std::int64_t>(tinyint, 127), 127);
    EXPECT_THAT(error_of(ErrorCode::bad_value, [&] { there_and_back<std::int64_t>(tinyint, 128); }),
                ::testing::HasSubstr("128 does not fit into a tinyint"));
    EXPECT_EQ(there_and_back<std::int32_t>(cql::simple_type(TypeCode::varint), -300), -300);
    Blob large;
    Codec<std::int64_t>::encode(large, DataType(*cql::simple_type(TypeCode::bigint)), std::int64_t{1} << 40);
    EXPECT_THAT(error_of(ErrorCode::bad_value,
                         [&] { Codec<std::int32_t>::decode(DataType(*cql::simple_type(TypeCode::bigint)), large); }),
                ::testing::HasSubstr("does not fit"));
}

TEST(Codec, WrongTypesAreNamed) {
    const TypePtr list = cql::list_type(cql::simple_type(TypeCode::int_number));
    EXPECT_THAT(error_of(ErrorCode::type_mismatch, [&] { there_and_back<std::string>(list, "x"); }),
                ::testing::HasSubstr("list<int>"));
    EXPECT_THAT(error_of(ErrorCode::type_mismatch,
                         [&] { there_and_back(cql::simple_type(TypeCode::float_number), 0.1); }),
                ::testing::HasSubstr("double does not stand for float"));
}

TEST(Codec, AStructIsAUdtByTheNamesOfItsFields) {
    const TypePtr udt = cql::udt_type("ks", "address", {"number", "street", "country"},
                                      {cql::simple_type(TypeCode::int_number), cql::simple_type(TypeCode::varchar),
                                       cql::simple_type(TypeCode::varchar)});
    const Address home{"Main Street", 12};
    EXPECT_EQ(there_and_back(udt, home), home);
    const TypePtr other = cql::udt_type("ks", "address", {"street"}, {cql::simple_type(TypeCode::varchar)});
    EXPECT_THAT(error_of(ErrorCode::no_column, [&] { there_and_back(other, home); }),
                ::testing::HasSubstr("has no field 'number'"));
}

TEST(Values, UuidsOfThisMomentAreAscendingAndTellTheirTime) {
    const auto before = std::chrono::system_clock::now();
    Uuid last = Uuid::time_based();
    for (int i = 0; i < 1000; ++i) {
        const Uuid next = Uuid::time_based();
        EXPECT_LT(*last.time(), *next.time());
        last = next;
    }
    EXPECT_LT(*last.time() - before, std::chrono::minutes(1));
    EXPECT_FALSE(Uuid::random().time());
    EXPECT_NE(Uuid::random(), Uuid::random());
}

TEST(Values, VarintsOfSixtyFourBitsAreNumbers) {
    for (const std::int64_t number : {std::int64_t{0}, std::int64_t{-1}, std::int64_t{128}, std::int64_t{-129},
                                      std::numeric_limits<std::int64_t>::min()})
        EXPECT_EQ(Varint(number).to_int64(), number);
    EXPECT_FALSE(Varint::parse("9223372036854775808").to_int64());
    EXPECT_THROW(Varint::parse("12x"), Error);
    EXPECT_THROW(Inet::parse("1.2.3"), Error);
    EXPECT_THROW(Uuid::parse("6ba7b810"), Error);
}

}  // namespace
}  // namespace crossfade
