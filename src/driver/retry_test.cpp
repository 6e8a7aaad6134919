#include "driver/retry.hpp"

#include <gtest/gtest.h>

#include "cql/protocol.hpp"

namespace crossfade::driver {
namespace {

base::Error server(cql::ErrorCode code) {
    return {base::ErrorKind::server, "", static_cast<std::int32_t>(code)};
}

TEST(FailureOf, OnlyWhatAnotherTryMayMend) {
    EXPECT_EQ(failure_of(base::Error(base::ErrorKind::connection, "")), Failure::lost);
    EXPECT_EQ(failure_of(server(cql::ErrorCode::overloaded)), Failure::overloaded);
    EXPECT_EQ(failure_of(server(cql::ErrorCode::is_bootstrapping)), Failure::overloaded);
    EXPECT_EQ(failure_of(server(cql::ErrorCode::unavailable)), Failure::unavailable);
    EXPECT_EQ(failure_of(server(cql::ErrorCode::read_timeout)), Failure::read_timeout);
    EXPECT_EQ(failure_of(server(cql::ErrorCode::write_timeout)), Failure::write_timeout);
    for (const auto code : {cql::ErrorCode::syntax_error, cql::ErrorCode::invalid, cql::ErrorCode::unprepared,
                            cql::ErrorCode::unauthorized, cql::ErrorCode::write_failure, cql::ErrorCode::server_error,
                            cql::ErrorCode::cas_write_unknown})
        EXPECT_FALSE(failure_of(server(code))) << cql::name_of(code);
    for (const auto kind : {base::ErrorKind::timeout, base::ErrorKind::interrupted, base::ErrorKind::unavailable})
        EXPECT_FALSE(failure_of(base::Error(kind, "")));
}

TEST(Retries, NeverRepeatWhatMayDoHarm) {
    Retries retries(false);
    for (const auto failure :
         {Failure::lost, Failure::overloaded, Failure::unavailable, Failure::read_timeout, Failure::write_timeout})
        EXPECT_FALSE(retries.again(failure, 3));
}

TEST(Retries, ARefusalAsksEachNodeOnce) {
    Retries three(true);
    EXPECT_TRUE(three.again(Failure::overloaded, 3));
    EXPECT_TRUE(three.again(Failure::unavailable, 3));
    EXPECT_FALSE(three.again(Failure::overloaded, 3));
    Retries alone(true);
    EXPECT_FALSE(alone.again(Failure::overloaded, 1));
}

TEST(Retries, ATimeoutIsRepeatedOnceWhicheverItIs) {
    Retries retries(true);
    EXPECT_TRUE(retries.again(Failure::read_timeout, 1));
    EXPECT_FALSE(retries.again(Failure::write_timeout, 3));
}

TEST(Retries, ALostConnectionIsRepeatedSomeTimes) {
    Retries retries(true);
    for (std::uint32_t i = 0; i < Retries::most_lost; ++i) EXPECT_TRUE(retries.again(Failure::lost, 0));
    EXPECT_FALSE(retries.again(Failure::lost, 0));
}

}  // namespace
}  // namespace crossfade::driver
