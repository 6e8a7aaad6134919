#include "connect/retries.hpp"

#include <gtest/gtest.h>

namespace crossfade::connect {
namespace {

bool repeatable(std::string_view text) {
    return is_repeatable(cql::classify(text));
}

TEST(Repeatable, AreReadsAndWritesOfGivenValues) {
    EXPECT_TRUE(repeatable("SELECT * FROM ks.t"));
    EXPECT_TRUE(repeatable("INSERT INTO ks.t (k, v) VALUES (?, ?)"));
    EXPECT_TRUE(repeatable("UPDATE ks.t SET v = 1 WHERE k = 1"));
    EXPECT_TRUE(repeatable("DELETE FROM ks.t WHERE k = 1"));
    EXPECT_TRUE(repeatable("BEGIN BATCH INSERT INTO ks.t (k) VALUES (1) APPLY BATCH"));
}

TEST(Repeatable, IsNothingThatASecondTimeChanges) {
    EXPECT_FALSE(repeatable("INSERT INTO ks.t (k) VALUES (1) IF NOT EXISTS"));
    EXPECT_FALSE(repeatable("INSERT INTO ks.t (k, v) VALUES (1, now())"));
    EXPECT_FALSE(repeatable("UPDATE ks.c SET n = n + 1 WHERE k = 1"));
    EXPECT_FALSE(repeatable("UPDATE ks.t SET l = l + ['x'] WHERE k = 1"));
    EXPECT_FALSE(repeatable("DELETE l[0] FROM ks.t WHERE k = 1"));
    EXPECT_FALSE(repeatable("TRUNCATE ks.t"));
    EXPECT_FALSE(repeatable("CREATE TABLE ks.t (k int PRIMARY KEY)"));
    EXPECT_FALSE(repeatable("what is this"));
}

TEST(DataWrites, AreExactlyWhatWriteConsistenciesAreFor) {
    for (const char* text : {"INSERT INTO ks.t (k) VALUES (1)", "UPDATE ks.t SET v = 1 WHERE k = 1",
                             "DELETE FROM ks.t WHERE k = 1", "BEGIN BATCH DELETE FROM ks.t WHERE k = 1 APPLY BATCH"})
        EXPECT_TRUE(is_data_write(cql::classify(text))) << text;
    for (const char* text : {"SELECT * FROM ks.t", "/* INSERT */ select 1 from ks.t", "TRUNCATE ks.t", "USE ks",
                             "LIST ROLES", "CREATE TABLE ks.t (k int PRIMARY KEY)", "DESCRIBE TABLES"})
        EXPECT_FALSE(is_data_write(cql::classify(text))) << text;
}

cql::ErrorMessage error(cql::ErrorCode code) {
    cql::ErrorMessage error;
    error.code = code;
    return error;
}

TEST(Retries, WhatWasNotExecutedGoesToAnotherNodeWhateverItIs) {
    for (const bool is_repeatable : {false, true}) {
        EXPECT_EQ(after_error(error(cql::ErrorCode::unavailable), is_repeatable, 1), Next::other_node);
        EXPECT_EQ(after_error(error(cql::ErrorCode::unavailable), is_repeatable, 2), Next::answer);
        EXPECT_EQ(after_error(error(cql::ErrorCode::is_bootstrapping), is_repeatable, 1), Next::other_node);
    }
}

TEST(Retries, WhatMayHaveBeenExecutedGoesAgainOnlyIfRepeatable) {
    for (const auto code : {cql::ErrorCode::overloaded, cql::ErrorCode::server_error, cql::ErrorCode::truncate_error}) {
        EXPECT_EQ(after_error(error(code), true, 1), Next::other_node);
        EXPECT_EQ(after_error(error(code), true, most_attempts), Next::answer);
        EXPECT_EQ(after_error(error(code), false, 1), Next::answer);
    }
}

TEST(Retries, ATimeoutGoesAgainOnceWhereThatMayHelp) {
    cql::ErrorMessage read = error(cql::ErrorCode::read_timeout);
    read.received = read.required = 2;
    EXPECT_EQ(after_error(read, true, 1), Next::again);
    EXPECT_EQ(after_error(read, true, 2), Next::answer);
    EXPECT_EQ(after_error(read, false, 1), Next::answer);
    read.data_present = true;
    EXPECT_EQ(after_error(read, true, 1), Next::answer);
    cql::ErrorMessage write = error(cql::ErrorCode::write_timeout);
    write.write_type = "BATCH_LOG";
    EXPECT_EQ(after_error(write, true, 1), Next::again);
    EXPECT_EQ(after_error(write, false, 1), Next::answer);
    write.write_type = "SIMPLE";
    EXPECT_EQ(after_error(write, true, 1), Next::answer);
}

TEST(Retries, AnswersThatSayWhatIsWrongAreAnswers) {
    for (const auto code : {cql::ErrorCode::read_failure, cql::ErrorCode::write_failure, cql::ErrorCode::invalid,
                            cql::ErrorCode::unauthorized, cql::ErrorCode::syntax_error})
        EXPECT_EQ(after_error(error(code), true, 1), Next::answer);
}

}  // namespace
}  // namespace crossfade::connect
